using Meshara.AppHost.Plan;
using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>Checks that every port of the stack is free, or held by a container of this mesh that stayed up.</summary>
internal static class PortsCheck
{
    /// <summary>Fails early, before the model is built, if ports of the nodes are taken.</summary>
    /// <exception cref="StackException">Some ports are taken.</exception>
    public static void RefuseNodes(MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        Ports.Refuse(Ports.Taken(plan.Stack.Nodes));
    }

    /// <summary>Finds the ports that are taken.</summary>
    /// <param name="plan">The plan to check.</param>
    /// <param name="running">Names of the running containers.</param>
    public static IEnumerable<Finding> Find(MeshPlan plan, IReadOnlySet<string> running)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(running);
        var ports = plan.Stack.Ports;
        (int Port, string Resource)[] servers =
        [
            .. plan.Running.Where(part => !running.Contains(plan.Named(part.Name)))
                .SelectMany(part => part.Endpoints, (part, endpoint) => (endpoint.HostPort(ports), $"{part.Name} {endpoint.Name}")),
            .. plan.Stack.Nodes.Select(node => (node.HiddenMeshPort, $"{node.Name} mesh, behind its proxy")),
            (ports.Dashboard, "Aspire's dashboard"),
            (ports.DashboardOtlp, "Aspire's dashboard, OTLP"),
            (ports.Page, "the mesh's page"),
        ];
        var taken = Ports.Taken(plan.Stack.Nodes).Concat(servers.Where(port => !Ports.IsFree(port.Port))).ToList();
        if (taken.Count > 0)
            yield return new Finding(Ports.Describe(taken), ExitCodes.PortTaken);
    }
}
