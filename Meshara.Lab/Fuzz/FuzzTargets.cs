using System.Text;
using Meshara.Lab.Fuzz.Targets;

namespace Meshara.Lab.Fuzz;

/// <summary>Every target by its name.</summary>
internal static class FuzzTargets
{
    private static readonly Entry[] All =
    [
        new("frame", "Frames of a peer, and everything that a node does with them.", () => new FrameTarget()),
        new("envelope", "A message: its fields, signature, route, seal and acknowledgments.", () => new EnvelopeTarget()),
        new("peer-record", "A peer's record of itself, and its endpoints.", () => new PeerRecordTarget()),
        new("certificate", "A peer's TLS certificate, and the extension in it that proves its identity.", () => new CertificateTarget()),
        new("handshake", "A peer's greeting after TLS.", () => new HandshakeTarget()),
        new("api", "Requests to the HTTP API: paths, queries, headers and bodies.", () => new ApiTarget()),
        new("cursor", "Cursors and limits of the inbox.", () => new CursorTarget()),
        new("sse", "Ids of server-sent events.", () => new StreamTarget()),
        new("configuration", "Settings, as appsettings.json.", () => new ConfigurationTarget()),
        new("log-filter", "The filter of log levels.", () => new LogFilterTarget()),
        new("key-file", "The file with a node's keys.", () => new KeyFileTarget()),
        new("database", "The file with a node's messages.", () => new DatabaseTarget()),
    ];

    /// <summary>A target with a planted defect, which a fuzzer must find; not among <see cref="Names"/>.</summary>
    public const string Planted = "planted";

    /// <summary>What a target parses, for the help.</summary>
    public static string SummaryOf(string name) => All.First(target => target.Name == name).Summary;

    /// <summary>The names of all targets.</summary>
    public static IEnumerable<string> Names => All.Select(target => target.Name);

    /// <summary>Creates a target.</summary>
    public static FuzzTarget Create(string name) => name == Planted
        ? new PlantedTarget()
        : All.First(target => target.Name == name).Create();

    /// <summary>
    /// The parts of a target as types that every load context shares; <see cref="InstrumentedNode"/> calls it in a context of its own.
    /// </summary>
    public static (Action<byte[]> Run, byte[][] Seeds, byte[][] Words, int MaxBytes, Action Dispose) Open(string name)
    {
        var target = Create(name);
        byte[][] words = [.. target.Words.Select(Encoding.UTF8.GetBytes)];
        return (target.Run, [.. target.Seeds()], words, target.MaxBytes, () => (target as IDisposable)?.Dispose());
    }

    private sealed record Entry(string Name, string Summary, Func<FuzzTarget> Create);
}
