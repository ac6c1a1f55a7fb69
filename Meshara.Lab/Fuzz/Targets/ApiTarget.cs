using System.Text;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// A whole request as text: a line with method, path and query, lines with headers, an empty line, and the body.
/// </summary>
internal sealed class ApiTarget : FuzzTarget, IDisposable
{
    private readonly FuzzApi _api = new();

    public override IEnumerable<string> Words =>
    [
        "GET ", "POST ", "PUT ", "DELETE ", "/api/messages", "/api/broadcasts", "/api/inbox", "/api/inbox/stream", "/api/node", "/api/peers",
        "/api/routes", "/api/diagnostics/traces", "/api/diagnostics/logs", "/api/diagnostics/log-level", "/openapi/v1.json", "?", "&", "=",
        "after=", "limit=", "from=", "kind=slow", "trace_id=", "message_id=", "level=", "event=", "\n", "Content-Type: application/json",
        "Idempotency-Key: ", "Last-Event-ID: ", "Host: ", "Content-Encoding: gzip", "{", "}", "\"to\":", "\"text\":", "\"content\":",
        "\"ttl_seconds\":", "\"filter\":", "null", "\\u0000", "\\ud800", "1e308", "[", "]",
    ];

    public override IEnumerable<byte[]> Seeds()
    {
        var peer = FuzzKeys.Peer.Address;
        var id = FuzzKeys.Id(1);
        return Texts(
            $"POST /api/messages\nContent-Type: application/json\nIdempotency-Key: k\n\n{{\"to\":\"{peer}\",\"text\":\"hello\",\"ttl_seconds\":60}}",
            $"POST /api/messages\nContent-Type: application/json\n\n{{\"to\":\"{peer}\",\"content\":\"aGVsbG8=\"}}",
            "POST /api/broadcasts\nContent-Type: application/json\n\n{\"text\":\"hello\"}",
            $"GET /api/messages/{id}\n\n",
            "GET /api/inbox?after=0&limit=10\n\n",
            "GET /api/inbox/stream?after=1\nLast-Event-ID: 2\n\n",
            $"DELETE /api/inbox/{id}?from={peer}\n\n",
            "GET /api/node\n\n", "GET /api/peers\n\n", "GET /api/routes\n\n", "GET /openapi/v1.json\n\n",
            "GET /api/diagnostics/traces?kind=slow&limit=5\n\n",
            $"GET /api/diagnostics/logs?level=warn&event=E&message_id={id}\n\n",
            "GET /api/diagnostics/log-level\n\n",
            "PUT /api/diagnostics/log-level\nContent-Type: application/json\n\n{\"filter\":\"info,meshara.routing=debug\"}");
    }

    public override void Run(byte[] input)
    {
        var end = input.AsSpan().IndexOf("\n\n"u8);
        var lines = FuzzApi.Latin(end < 0 ? input : input.AsSpan(0, end)).Split('\n');
        var first = lines[0].Split(' ', 2);
        // Kestrel lets no other characters through.
        if (first.Length < 2 || !first[0].All(char.IsAsciiLetter) || first[0].Length == 0 || !first[1].StartsWith('/'))
            return;
        var question = first[1].IndexOf('?', StringComparison.Ordinal);
        var (path, query) = question < 0 ? (first[1], "") : (first[1][..question], first[1][question..]);
        var headers = lines[1..].Select(line => line.Split(':', 2)).Where(pair => pair.Length == 2 && IsName(pair[0]))
            .Select(pair => (pair[0], pair[1].Trim()));
        _api.Request(first[0], path, query, headers, end < 0 ? [] : input[(end + 2)..]);
    }

    public void Dispose() => _api.Dispose();

    private static bool IsName(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
