using System.Globalization;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// Nodes may hold only few messages, and one node is away for longer than the others can hold its messages. They must refuse messages
/// with 429, and accept them again once it is back.
/// </summary>
internal sealed class FloodFault(DrillOptions options) : IFault
{
    // Ratio of the messages for the missing node to the size of the queue.
    private const double Excess = 3;

    private readonly TimeSpan _outage = Rhythm.Beat(options) * 3;

    public IReadOnlyDictionary<string, string> NodeSettings { get; } = new Dictionary<string, string>
    {
        ["Delivery__MaxPendingMessages"] = Limit(options, Rhythm.Beat(options) * 3).ToString(CultureInfo.InvariantCulture),
    };

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        while (await mesh.PauseAsync(_outage / 3, over))
        {
            var victim = mesh.Any();
            var fault = mesh.Log.Begin($"{victim.Name} asked to end, for longer than the queues last");
            await victim.TerminateAsync();
            await mesh.PauseAsync(_outage, over);
            await mesh.RestartAsync(fault, [victim], stop);
        }
    }

    // While one node is away, each other node is handed rate × outage / others² messages for it; the limit is a fraction of that.
    private static int Limit(DrillOptions options, TimeSpan outage)
    {
        var others = options.Nodes - 1;
        return Math.Max(1, (int)(options.Rate * outage.TotalSeconds / (others * others) / Excess));
    }
}
