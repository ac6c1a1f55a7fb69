using System.Text;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>Where a reader of the stream of server-sent events goes on: the input is the header Last-Event-ID.</summary>
internal sealed class StreamTarget : FuzzTarget, IDisposable
{
    private readonly FuzzApi _api = new();

    public override int MaxBytes => 256;

    public override IEnumerable<string> Words => ["9223372036854775807", "9223372036854775808", "-1", "+1", "1.0", "0x1"];

    public override IEnumerable<byte[]> Seeds() => Texts("0", "2", "1000", "");

    public override void Run(byte[] input) =>
        _api.Request("GET", "/api/inbox/stream", "", [("Last-Event-ID", FuzzApi.Latin(input))], []);

    public void Dispose() => _api.Dispose();
}
