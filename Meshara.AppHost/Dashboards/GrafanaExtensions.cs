using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Logs;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness;

namespace Meshara.AppHost.Dashboards;

internal static class GrafanaExtensions
{
    private const string Dashboards = "/etc/grafana/dashboards", Provisioning = "/etc/grafana/provisioning";

    /// <summary>Adds Grafana with the dashboards and data sources of <c>dashboards/</c>.</summary>
    public static IResourceBuilder<IServerResource> AddGrafana(
        this IDistributedApplicationBuilder builder, IResourceBuilder<IServerResource> prometheus, LogStore logs)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(logs);
        var plan = builder.Plan();
        var grafana = builder.AddServer(
            StackPart.Grafana,
            container =>
            {
                container.WithRepositoryFiles(Provisioning, "dashboards/provisioning").WithMeshVolume("/var/lib/grafana").WithSettings();
                foreach (var dashboard in Directory.EnumerateFiles(plan.File("dashboards"), "*.json").Order(StringComparer.Ordinal))
                    container.WithRepositoryFiles(Dashboards, dashboard);
            },
            program => program
                .WithArgs("server", "--homepath", Home(program.Resource.Command))
                .WithFolder(folder => WriteProvisioning(plan, folder))
                .WithEnvironment("GF_SERVER_HTTP_ADDR", "127.0.0.1")
                .WithEnvironment("GF_SERVER_HTTP_PORT", plan.Stack.Ports.Grafana.ToString(CultureInfo.InvariantCulture))
                .WithEnvironment("GF_PATHS_DATA", Path.Combine(program.Resource.WorkingDirectory, "data"))
                .WithEnvironment("GF_PATHS_LOGS", Path.Combine(program.Resource.WorkingDirectory, "logs"))
                .WithEnvironment("GF_PATHS_PROVISIONING", Path.Combine(program.Resource.WorkingDirectory, "provisioning"))
                .WithSettings())
            .WithPage("ChartMultiple", "Grafana – Mesh overview", "/d/meshara-overview", ready: "/api/health")
            .WithLink("Grafana – Delivery", "/d/meshara-delivery")
            .StartAfter(prometheus);
        return grafana.Reaches(logs.Server) ? grafana.WithLogStore(logs).StartAfter(logs.Server) : grafana;
    }

    private static IResourceBuilder<T> WithSettings<T>(this IResourceBuilder<T> grafana)
        where T : IServerResource => grafana
            .WithEnvironment("GF_SECURITY_ADMIN_PASSWORD", grafana.ApplicationBuilder.AddSecret("grafana-password"))
            .WithEnvironment("GF_ANALYTICS_REPORTING_ENABLED", "false")
            .WithEnvironment("GF_ANALYTICS_CHECK_FOR_UPDATES", "false");

    // Packages install the program in the bin/ folder of its home, or link to it from a system folder.
    private static string Home(string program)
    {
        var real = File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program;
        var home = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(real)!, ".."));
        return File.Exists(Path.Combine(home, "conf", "defaults.ini")) ? home : "/usr/share/grafana";
    }

    private static void WriteProvisioning(MeshPlan plan, string folder)
    {
        var source = plan.File("dashboards/provisioning");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var text = plan.WithLocalServers(File.ReadAllText(file)).Replace(Dashboards, plan.File("dashboards"), StringComparison.Ordinal);
            EndpointsFile.WriteAtomically(Path.Combine(folder, "provisioning", Path.GetRelativePath(source, file)), text);
        }
    }
}
