using System.Text;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>The query of a page of the inbox: the input is what follows the question mark.</summary>
internal sealed class CursorTarget : FuzzTarget, IDisposable
{
    private readonly FuzzApi _api = new();

    public override int MaxBytes => 512;

    public override IEnumerable<string> Words => ["after=", "limit=", "&", "%30", "9223372036854775807", "9223372036854775808", "1000", "1001", "-1", "+1"];

    public override IEnumerable<byte[]> Seeds() => Texts("after=0&limit=1", "after=2", "limit=1000", "after=&limit=", "");

    public override void Run(byte[] input) => _api.Request("GET", "/api/inbox", "?" + FuzzApi.Latin(input), [], []);

    public void Dispose() => _api.Dispose();
}
