
using Meshara.Harness.Network;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// A bad network: high, varying latency, and packet loss as users of TCP see it: nothing arrives for a while, then everything at once.
/// Now and then a connection is reset.
/// </summary>
internal sealed class SlowFault(DrillOptions options) : IFault
{
    private static readonly LinkConditions Bad = new()
    {
        Latency = TimeSpan.FromMilliseconds(40),
        Jitter = TimeSpan.FromMilliseconds(40),
        StallShare = 0.01,
        // TCP retransmits after 200 ms at the earliest, and then doubles the interval each time.
        Stall = TimeSpan.FromMilliseconds(800),
    };

    private readonly TimeSpan _beat = Rhythm.Beat(options);

    public bool NeedsNetwork => true;

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        var network = mesh.Network!;
        while (await mesh.PauseAsync(_beat, over))
        {
            var fault = mesh.Log.Begin("everything between the nodes is slow, some of it stalls, connections break");
            network.Conditions = Bad;
            for (var i = 0; i < 3 && await mesh.PauseAsync(_beat, over); i++)
                network.ResetOne();
            network.Conditions = LinkConditions.Good;
            mesh.Log.Heal(fault, "the network is good again");
        }
    }
}
