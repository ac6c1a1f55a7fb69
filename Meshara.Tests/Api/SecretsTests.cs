using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meshara.Harness;
using Meshara.Tests.Cli;
using Meshara.Tests.Otlp;
using Meshara.Tests.Stack.Local;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Api;

/// <summary>
/// Canaries: a node's secrets are planted and must not appear in anything that leaves the node, except where they belong.
/// </summary>
public sealed class SecretsTests : IAsyncDisposable
{
    private const string Token = "canary-token-7d1f", WrongToken = "canary-wrong-token-e4";
    private const string Passphrase = "canary passphrase 93ab", Text = "canary text of a message 5c20";

    private readonly TemporaryFolder _folder = new();
    private readonly StackNode _node = FreePort.Node();
    private readonly HttpClient _http = new() { Timeout = NodeClient.Deadline };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Data => _folder.File("data");

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_nodes_secrets_are_in_nothing_that_it_prints_logs_exports_or_answers()
    {
        var key = await CreateKeyAsync();
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var recipient = await SingleNode.StartAsync("recipient", [], Cancel);
        await using var node = new RunningProgram(Start(receiver, recipient.Client));
        var told = new StringBuilder();
        await UseAsync(node, recipient, told);
        Assert.Equal(0, await node.StopAsync(Cancel));

        told.AppendLine(node.Output).AppendLine(recipient.Process.Output);
        foreach (var file in Directory.GetFiles(_folder.File("logs"), "*", SearchOption.AllDirectories))
            told.AppendLine(await File.ReadAllTextAsync(file, Cancel));
        // Confirms that the right data was searched: this text is public.
        Assert.NotEmpty(receiver.Spans);
        Assert.Contains("MessageCreated", told.ToString(), StringComparison.OrdinalIgnoreCase);
        told.AppendLine(JsonSerializer.Serialize(new { receiver.Spans, receiver.Metrics, receiver.Logs }));
        AssertNoCanary(told.ToString(), key);
    }

    [Fact]
    public async Task No_secret_is_in_what_the_program_says_about_wrong_settings_and_commands()
    {
        var told = new StringBuilder();
        var wrong = _folder.File("wrong");
        await File.WriteAllTextAsync(wrong, WrongToken, Cancel);
        var key = await CreateKeyAsync();
        (Dictionary<string, string> Settings, string[] Arguments)[] runs =
        [
            .. ((string[])["", "run", "keygen", "send", "broadcast", "inbox", "peers", "status"]).Select(Help),
            // A token with a space; a passphrase that opens nothing; a node that does not exist.
            (new() { ["Api__Token"] = $"{Token} " }, ["run", "--data", Data]),
            (new() { ["Api__Token"] = Token, ["Api__Host"] = "nowhere" }, ["run", "--data", Data]),
            (new() { ["Api__TokenFile"] = wrong, ["Api__Token"] = Token }, ["run", "--data", Data]),
            ([], ["run", "--data", Data, "--passphrase-file", _folder.File("missing")]),
            (new() { ["MESHARA_TOKEN"] = Token, ["MESHARA_NODE"] = $"http://127.0.0.1:{_node.HttpPort}" }, ["status"]),
        ];
        foreach (var (settings, arguments) in runs)
            told.AppendLine((await CliProcess.RunAsync(settings, arguments)).Output);
        AssertNoCanary(told.ToString(), key);
    }

    // A help page may show an option's present value.
    private static (Dictionary<string, string> Settings, string[] Arguments) Help(string command) => (
        new() { ["Api__Token"] = Token, ["MESHARA_TOKEN"] = Token, ["Node__PassphraseFile"] = "passphrase" },
        [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

    private static void AssertNoCanary(string told, byte[] key)
    {
        string[] secrets = [Token, Passphrase, Text, WrongToken];
        var canaries = secrets.Concat(secrets.Select(text => Convert.ToBase64String(Encoding.UTF8.GetBytes(text))[..16]))
            .Append(Convert.ToBase64String(key)[..40]).Append(Convert.ToHexStringLower(key)).Append(Convert.ToHexString(key));
        Assert.All(canaries, canary =>
        {
            var at = told.IndexOf(canary, StringComparison.Ordinal);
            Assert.True(at < 0, at < 0 ? "" : told[Math.Max(0, at - 200)..Math.Min(told.Length, at + 100)]);
        });
    }

    // The key is created in clear, so that the test knows it; the node's first start encrypts it.
    private async Task<byte[]> CreateKeyAsync()
    {
        var file = Path.Combine(Data, "identity.key");
        Directory.CreateDirectory(Data);
        Assert.Equal(0, (await CliProcess.RunAsync([], "keygen", "--out", file)).Code);
        return Convert.FromBase64String(JsonNode.Parse(await File.ReadAllTextAsync(file, Cancel))!["secret"]!.GetValue<string>());
    }

    private System.Diagnostics.ProcessStartInfo Start(OtlpReceiver receiver, NodeClient peer)
    {
        var (token, passphrase) = (_folder.File("token"), _folder.File("passphrase"));
        File.WriteAllText(token, Token);
        File.WriteAllText(passphrase, Passphrase);
        var start = HostProgram.Start(
            HostProgram.Node, "run", "--name", "canary", "--data", Data, "--mesh", $"127.0.0.1:{_node.MeshPort}",
            "--http", $"127.0.0.1:{_node.HttpPort}", "--metrics", $"{_node.MetricsPort}", "--bootstrap", peer.Endpoint.Mesh,
            "--passphrase-file", passphrase, "--stop-with-input");
        foreach (var (name, value) in ((string, string)[])
        [
            ("Api__TokenFile", token), ("MESHARA_LOG", "trace"), ("MESHARA_LOG_DIR", _folder.File("logs")),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Http.ToString()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_TRACES_SAMPLER", "always_on"),
        ])
        {
            start.Environment[name] = value;
        }
        return start;
    }

    // Calls every route of the API with the right token, a wrong one and none; the text must arrive in the recipient's inbox.
    private async Task UseAsync(RunningProgram node, SingleNode recipient, StringBuilder told)
    {
        _http.BaseAddress = new Uri($"http://127.0.0.1:{_node.HttpPort}");
        await recipient.Client.UntilAsync("and canary are connected", async () =>
        {
            Assert.False(node.HasExited, node.Output);
            using var ready = await _http.GetAsync("ready", Cancel);
            return ready.IsSuccessStatusCode;
        }, Cancel);
        string? id = null;
        foreach (var token in (string?[])[null, WrongToken, Token])
        {
            _http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            using var answer = await _http.PostAsync("api/messages", Body(new { to = recipient.Client.Address, text = Text }), Cancel);
            var body = await answer.Content.ReadAsStringAsync(Cancel);
            Assert.Equal(token == Token ? HttpStatusCode.Accepted : HttpStatusCode.Unauthorized, answer.StatusCode);
            id = token == Token ? JsonNode.Parse(body)!["id"]!.GetValue<string>() : null;
            told.AppendLine(body);
            // A body that cannot be parsed, and a message that cannot be delivered.
            await TellAsync(
                told, HttpMethod.Post, "api/messages", new StringContent("{\"text\":\"" + Text, Encoding.UTF8, "application/json"));
            await TellAsync(told, HttpMethod.Post, "api/messages", Body(new { to = "nobody", text = Text }));
        }
        await recipient.Client.ReceiveAsync(Text, Cancel);
        string[] paths =
        [
            "api/node", "api/peers", "api/routes", $"api/messages/{id}", "api/inbox", "api/diagnostics/traces", "api/diagnostics/logs",
            "api/diagnostics/log-level", "openapi/v1.json", "health", "ready", "live", "api/nothing",
        ];
        foreach (var path in paths)
            await TellAsync(told, HttpMethod.Get, path);
        _http.DefaultRequestHeaders.Authorization = null;
        foreach (var path in paths)
            await TellAsync(told, HttpMethod.Get, path);
        await TellAsync(told, HttpMethod.Get, $"http://127.0.0.1:{_node.MetricsPort}/metrics");
    }

    private async Task TellAsync(StringBuilder told, HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await _http.SendAsync(request, Cancel);
        told.AppendLine(answer.ToString()).AppendLine(await answer.Content.ReadAsStringAsync(Cancel));
    }

    private static StringContent Body(object value) => new(JsonSerializer.Serialize(value), Encoding.UTF8, "application/json");
}
