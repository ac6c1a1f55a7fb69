using Meshara.Lab.Load;
using Meshara.Node;

namespace Meshara.Lab.Peers;

/// <summary>Two nodes with durable storage, each in a process of its own together with the code that sends or receives.</summary>
internal sealed class MesharaPair : ICandidate
{
    private readonly Pair _pair;

    private MesharaPair(Pair pair) => _pair = pair;

    public string Name => "meshara";

    public string Version { get; } = typeof(NodeHost).Assembly.GetName().Version!.ToString(3);

    public Promise Promise { get; } = new(
        "on the sender's disk, and on the recipient's before it is acknowledged; survives crashes of the programs",
        "end to end, and TLS 1.3 between the machines",
        "once");

    public IReadOnlyList<int> Processes => [_pair.Sender.Id, _pair.Recipient.Id];

    /// <summary>Starts both nodes.</summary>
    public static async Task<ICandidate> StartAsync(CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string?> { ["Storage:Durability"] = "normal", ["OTEL_TRACES_SAMPLER"] = "always_off" };
        return new MesharaPair(await Pair.StartAsync(settings, new Dictionary<string, string?>(), cancellationToken));
    }

    public async Task<CandidateLoad> SendAsync(int payload, TimeSpan duration, PairPace pace, CancellationToken cancellationToken)
    {
        // Fails if a message is lost, damaged or arrives twice.
        var result = await _pair.SendAsync(payload, duration, pace, cancellationToken);
        return new CandidateLoad(result.Messages, 0, result.Elapsed, result.Recipient.Latency!, result.CompiledMethods);
    }

    public ValueTask DisposeAsync() => _pair.DisposeAsync();
}
