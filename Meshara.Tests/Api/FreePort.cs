using Meshara.Harness;

namespace Meshara.Tests.Api;

/// <summary>
/// Ports for programs that tests start. They are leased until the test run ends and never reused, so that a node that was killed gets its
/// port back. They are outside the range of ephemeral ports.
/// </summary>
internal static class FreePort
{
    private static readonly Lock Gate = new();
    private static PortLease? _lease;
    private static int _given;

    /// <summary>A free port that nothing else will be given.</summary>
    public static int Next()
    {
        lock (Gate)
        {
            while (true)
            {
                if (_lease is null || _given == StackPorts.Span)
                    (_lease, _given) = (Ports.Lease(1, Random.Shared), 0);
                var port = _lease.Ports.Mesh + _given++;
                if (Ports.IsFree(port))
                    return port;
            }
        }
    }

    /// <summary>A node with such ports.</summary>
    public static StackNode Node(string name = "node-1") => new(1, name, Next(), Next(), Next(), []);
}
