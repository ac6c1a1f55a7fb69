using System.Net;
using System.Net.Sockets;

namespace Meshara.Harness;

/// <summary>Finds out which ports of this machine are free.</summary>
internal static class Ports
{
    // Below 32768 on Linux and 49152 elsewhere begin the ports that outgoing connections take; a node's port chosen from
    // those could be taken by a neighbour's connection before the node listens.
    private const int AutoFrom = 10_000;
    private const int AutoTo = 32_767 - StackPorts.Span;
    private const int Attempts = 200;

    /// <summary>Says which ports are taken, if any are.</summary>
    /// <exception cref="StackException">Some are.</exception>
    public static void Refuse(IReadOnlyList<(int Port, string Resource)> taken)
    {
        ArgumentNullException.ThrowIfNull(taken);
        if (taken.Count > 0)
            throw new StackException(Describe(taken), ExitCodes.PortTaken);
    }

    /// <summary>Names taken ports and says what to do.</summary>
    public static string Describe(IEnumerable<(int Port, string Resource)> taken) =>
        $"Taken: {string.Join(", ", taken.Select(port => $"port {port.Port} ({port.Resource})"))}. "
        + "Stop what listens there, or choose other ports with --port-base P or --ports auto.";

    /// <summary>A scheme of which every port that <paramref name="nodes"/> nodes and the tools need is free.</summary>
    /// <exception cref="StackException">None was found.</exception>
    public static StackPorts FindFree(int nodes, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var ports = StackPorts.From(random.Next(AutoFrom, AutoTo + 1));
            var stack = Stack.Create(nodes, ports);
            if (Taken(stack.Nodes).Count == 0 && ports.Servers.All(IsFree))
                return ports;
        }

        throw new StackException(
            $"No free range of ports was found from {AutoFrom} on. Choose one with --port-base P.", ExitCodes.PortTaken);
    }

    /// <summary>The ports among those of <paramref name="nodes"/> that somebody listens on, each with what it is for.</summary>
    public static IReadOnlyList<(int Port, string Resource)> Taken(IEnumerable<StackNode> nodes) =>
    [
        .. nodes.SelectMany(node => ((int, string)[])
            [
                (node.MeshPort, $"{node.Name} mesh"), (node.HttpPort, $"{node.Name} http"), (node.MetricsPort, $"{node.Name} metrics"),
            ])
            .Where(port => !IsFree(port.Item1)),
    ];

    /// <summary>True when a server could listen on this port of the loopback address.</summary>
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
