using System.Net;
using System.Net.Sockets;

namespace Meshara.Harness;

/// <summary>Checks which ports of this machine are free.</summary>
internal static class Ports
{
    // Ephemeral ports, used by outgoing connections, start at 32768 on Linux and 49152 elsewhere. A port from that range could be taken
    // by a neighbour's connection before the node listens on it.
    private const int AutoFrom = 10_000;
    private const int AutoTo = 32_767;
    private const int Ranges = (AutoTo + 1 - AutoFrom) / StackPorts.Span;

    /// <summary>Fails if any port is taken.</summary>
    /// <exception cref="StackException">Some ports are taken; the message names them.</exception>
    public static void Refuse(IReadOnlyList<(int Port, string Resource)> taken)
    {
        ArgumentNullException.ThrowIfNull(taken);
        if (taken.Count > 0)
            throw new StackException(Describe(taken), ExitCodes.PortTaken);
    }

    /// <summary>A message that names the taken ports and the remedy.</summary>
    public static string Describe(IEnumerable<(int Port, string Resource)> taken) =>
        $"Taken: {string.Join(", ", taken.Select(port => $"port {port.Port} ({port.Resource})"))}. "
        + "Stop what listens there, or choose other ports with --port-base P or --ports auto.";

    /// <summary>Leases a port scheme whose ports for <paramref name="nodes"/> nodes and all servers are free.</summary>
    /// <exception cref="StackException">None was found.</exception>
    public static PortLease Lease(int nodes, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        var first = random.Next(Ranges); // random, because leases do not protect against other users
        for (var i = 0; i < Ranges; i++)
        {
            if (PortLease.TryTake(AutoFrom + (first + i) % Ranges * StackPorts.Span) is not { } lease)
                continue;
            var stack = Stack.Create(nodes, lease.Ports);
            if (Taken(stack.Nodes).Count == 0 && stack.Nodes.All(node => IsFree(node.HiddenMeshPort)) && lease.Ports.Servers.All(IsFree))
                return lease;
            lease.Dispose();
        }

        throw new StackException(
            $"No free range of ports was found from {AutoFrom} on. Choose one with --port-base P.", ExitCodes.PortTaken);
    }

    /// <summary>The ports of <paramref name="nodes"/> that are taken, each with its node and purpose.</summary>
    public static IReadOnlyList<(int Port, string Resource)> Taken(IEnumerable<StackNode> nodes) =>
    [
        .. nodes.SelectMany(node => ((int, string)[])
            [
                (node.MeshPort, $"{node.Name} mesh"), (node.HttpPort, $"{node.Name} http"), (node.MetricsPort, $"{node.Name} metrics"),
            ])
            .Where(port => !IsFree(port.Item1)),
    ];

    /// <summary>True if a server can listen on this port of the loopback address.</summary>
    public static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
