using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Meshara.Harness;
using Meshara.Harness.Monitoring;
using Meshara.Harness.Processes;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Tests.Alerts;
using Meshara.Tests.Api;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Local;
using EndpointsFile = Meshara.Harness.EndpointsFile;
using MeshStack = Meshara.Harness.Stack;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Tests.Dashboards;

/// <summary>
/// A mesh of real processes under traffic, watched by the real Prometheus and Alertmanager with the repository's files. Within a minute it
/// goes through what the drills do at length: a node dies and returns, messages go to nonexistent recipients, relays are needed, peers
/// misbehave, exports fail, and a disk has no room for log files. Where Jaeger is installed, it receives the traces after a while.
/// </summary>
public sealed partial class QueryRun : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<IAsyncDisposable> _started = [];
    private readonly TemporaryFolder _logs = new();
    private LocalMesh? _mesh;
    private PrometheusApi? _prometheus;
    private LocalJaeger? _jaeger;
    private Task _attack = Task.CompletedTask;
    private string _lastFailedAttack = "none";

    /// <summary>Why there is no run; null if there is one.</summary>
    private string? Missing { get; set; }

    internal DateTimeOffset Started { get; private set; }

    internal PrometheusApi Prometheus => _prometheus ?? throw new InvalidOperationException(Missing);

    /// <summary>The address of Prometheus.</summary>
    internal Uri Url { get; private set; } = new("http://127.0.0.1");

    /// <summary>True if Jaeger is installed and receives the traces.</summary>
    internal bool HasJaeger => _jaeger is not null;

    internal JaegerApi Jaeger => _jaeger?.Api ?? throw new InvalidOperationException(LocalJaeger.Missing);

    /// <summary>node-1 to node-3; node-3 died and, since its return, exports no traces.</summary>
    internal IReadOnlyList<NodeClient> Nodes => Mesh.Nodes;

    /// <summary>A message from node-1 that expired because its recipient does not exist.</summary>
    internal string Expired { get; private set; } = "";

    private LocalMesh Mesh => _mesh ?? throw new InvalidOperationException(Missing);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>Details for the failure message of a test.</summary>
    internal string Circumstances => $"Last failed attack: {_lastFailedAttack}\nPrometheus and Alertmanager printed:\n{_mesh?.Output}\nJaeger printed:\n{_jaeger?.Output}";

    /// <summary>Skips the test, with the reason, if there is no run.</summary>
    internal void SkipWhenMissing() => Assert.SkipWhen(Missing is not null, Missing ?? "");

    /// <summary>Skips the test, with the reason, if there is no run with Jaeger.</summary>
    internal void SkipWithoutJaeger()
    {
        SkipWhenMissing();
        Assert.SkipUnless(HasJaeger, LocalJaeger.Missing);
    }

    public async ValueTask InitializeAsync()
    {
        var path = Environment.GetEnvironmentVariable("PATH");
        Missing = !OperatingSystem.IsLinux() ? "Prometheus is told to read its rules again by a signal found in /proc, on Linux only."
            : ToolPath.Find(path, "prometheus") is null || ToolPath.Find(path, "alertmanager", "prometheus-alertmanager") is null
                ? "Prometheus or Alertmanager is not installed (apt-get install prometheus prometheus-alertmanager)." : null;
        if (Missing is not null)
            return;
        Started = DateTimeOffset.UtcNow;
        _jaeger = LocalJaeger.Find();
        var full = Path.Combine(_logs.Path, $"node-2-{DateTime.Now.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}.log");
        File.CreateSymbolicLink(full, "/dev/full");
        _mesh = await LocalMesh.StartAsync(3, Test, Telemetry(_jaeger?.Otlp));
        _mesh.Monitor();
        _mesh.Send(perSecond: 20);
        File.Delete(full); // at its next attempt, the node finds room again and reports what it lost
        Url = _mesh.Prometheus;
        _prometheus = new PrometheusApi(Url);
        _attack = AttackAsync(_mesh.Nodes[0].Endpoint);
        await HastenRulesAsync();
        await TakeTracesAsync();
        await SendToNobodyAsync();
        await RelayAsync();
        await LoseANodeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _stop.CancelAsync();
            await _attack;
        }
        finally
        {
            foreach (var started in _started)
                await started.DisposeAsync();
            if (_mesh is not null)
                await _mesh.DisposeAsync();
            if (_jaeger is not null)
                await _jaeger.DisposeAsync();
            _logs.Dispose();
            _prometheus?.Dispose();
            _stop.Dispose();
        }
    }

    /// <summary>Every message is traced. Exports fail: those of traces until Jaeger runs, those of metrics and logs always.</summary>
    private Dictionary<string, string> Telemetry(Uri? traces) => new()
    {
        ["MESHARA_LOG_DIR"] = _logs.Path,
        ["OTEL_TRACES_SAMPLER"] = "always_on",
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = traces?.ToString() ?? $"http://127.0.0.1:{FreePort.Next()}",
        ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "1000",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "5000",
    };

    /// <summary>Evaluates the rules every 5 s and lets alerts fire after 5 s, to avoid waiting for minutes.</summary>
    private async Task HastenRulesAsync()
    {
        await UntilAsync("Prometheus scrapes every node", "count(up{job=\"meshara\"} == 1) == 3");
        foreach (var file in Directory.GetFiles(Path.Combine(Mesh.Files.Prometheus, "rules")))
            await File.WriteAllTextAsync(file, Pace().Replace(await File.ReadAllTextAsync(file, Test), "${setting}: 5s"), Test);
        var prometheus = Mesh.PrometheusProcess();
        using var signal = Process.Start("kill", ["-HUP", prometheus.ToString(CultureInfo.InvariantCulture)]);
        await signal.WaitForExitAsync(Test);
        await UntilAsync("Prometheus evaluates every group each 5 s", "count(prometheus_rule_group_interval_seconds != 5) or vector(0) == 0");
    }

    /// <summary>Starts Jaeger once every node has noticed that its exports fail.</summary>
    private async Task TakeTracesAsync()
    {
        await UntilAsync("exports of traces fail", "count(meshara_telemetry_export_failures_total{signal=\"traces\"} > 0) == 3");
        if (_jaeger is null)
            return;
        await _jaeger.StartAsync(Url);
        var targets = PrometheusFolder.Targets(MeshStack.Cluster, new Dictionary<string, string>(), Url.Authority, null, ("jaeger", _jaeger.SpanMetrics));
        EndpointsFile.WriteAtomically(Path.Combine(Mesh.Files.Prometheus, "targets", "jaeger.json"), targets["jaeger.json"]);
        await UntilAsync("Jaeger counts spans of every node", "count(count by (exported_instance) (traces_span_metrics_calls_total)) == 3");
    }

    /// <summary>Repeatedly sends what no honest peer sends, until the end.</summary>
    private async Task AttackAsync(NodeEndpoint target)
    {
        var mesh = new Uri(target.Mesh);
        var place = new IPEndPoint(IPAddress.Parse(mesh.Host), mesh.Port);
        var recipient = NodeAddress.Parse(target.Address);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(2));
        try
        {
            do
            {
                try
                {
                    await AttackOnceAsync(place, recipient);
                }
                catch (Exception e) when (e is MesharaException or IOException or SocketException or TimeoutException)
                {
                    // A single failure is harmless: on a stalled machine a handshake may time out. If all fail, the queries have no data.
                    _lastFailedAttack = e.ToString();
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Expected: the run has ended.
        }
    }

    private static async Task AttackOnceAsync(IPEndPoint place, NodeAddress recipient)
    {
        await using var garbage = await RawPeer.ConnectAsync(place);
        await garbage.SendAsync("garbage\r\n\r\n"u8.ToArray());
        await garbage.ClosedAsync();
        await using var peer = new TransportEnd();
        var connection = await Eventually.InTimeAsync(peer.Swarm.ConnectAsync(place, Test));
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        peer.Swarm.Disconnected += _ => closed.TrySetResult();
        var forged = Peers.Message(peer.Identity, MessageType.Private, recipient, _ => ByteString.CopyFromUtf8("x"));
        forged.Envelope.Payload = ByteString.CopyFromUtf8("changed");
        var broken = new Frame { Announce = new Announce { Keys = { ByteString.CopyFromUtf8("short") } } };
        foreach (var frame in (Frame[])[forged, Peers.Message(peer.Identity, MessageType.Private, recipient, _ => ByteString.CopyFromUtf8("no ciphertext")), broken])
            await connection.SendAsync(frame, Test);
        await Eventually.InTimeAsync(closed.Task); // for breaking the protocol
    }

    private async Task SendToNobodyAsync()
    {
        using var nobody = NodeIdentity.Generate();
        foreach (var node in Mesh.Nodes)
        {
            using var response = await node.Http.PostAsJsonAsync("api/messages", new { to = nobody.Address.ToString(), text = "is anybody there?", ttl_seconds = 5 }, Test);
            Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
            var id = (await response.Content.ReadFromJsonAsync<JsonElement>(Test)).GetProperty("id").GetString()!;
            if (node == Mesh.Nodes[0])
                Expired = id;
        }
    }

    /// <summary>All lines of the log files so far, as Filebeat would send them to Elasticsearch for files in /var/log/meshara.</summary>
    internal IReadOnlyList<JsonElement> LogDocuments() => [.. Directory.GetFiles(_logs.Path, "*.log").SelectMany(file =>
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = reader.ReadToEnd();
        // The last line may be incomplete.
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select((line, number) =>
        {
            var document = JsonNode.Parse(line)!.AsObject();
            document["@timestamp"] = document["timestamp"]!.DeepClone();
            document["log"] = new JsonObject { ["offset"] = number, ["file"] = new JsonObject { ["path"] = $"/var/log/meshara/{Path.GetFileName(file)}" } };
            return JsonSerializer.SerializeToElement(document);
        });
    })];

    /// <summary>Two nodes that cannot be dialled communicate through the others.</summary>
    private async Task RelayAsync()
    {
        var (one, other) = (await HiddenAsync("hidden-1"), await HiddenAsync("hidden-2"));
        await one.Client.SendAsync(other.Client, "by a relay", Test);
        await other.Client.ReceiveAsync("by a relay", Test);

        async Task<SingleNode> HiddenAsync(string name)
        {
            var node = await SingleNode.StartAsync(name, [Mesh.Nodes[0]], Test, "--advertise", "none");
            _started.Add(node);
            return node;
        }
    }

    /// <summary>Kills a node, lets messages for it wait, and restarts it once all others have noticed.</summary>
    private async Task LoseANodeAsync()
    {
        var lost = Mesh.Nodes[2];
        await UntilAsync("it is known when the node started", $"cluster_node:process_start_time_seconds:max{{node=\"{lost.Name}\"}}");
        using (var process = Process.GetProcessById(lost.Endpoint.Pid))
            process.Kill();
        for (var i = 0; i < 20; i++)
            await Mesh.Nodes[0].SendAsync(lost, "for when you are back", Test);
        await UntilAsync("the dead node is reported", $"ALERTS{{alertname=\"NodeDown\", alertstate=\"firing\", node=\"{lost.Name}\"}}");
        _started.Insert(0, new RunningProgram(HostProgram.Start(HostProgram.Node,
        [
            "run", "--name", lost.Name, "--data", Mesh.Files.Node(lost.Name), "--mesh", Place(lost.Endpoint.Mesh), "--http", Place(lost.Endpoint.Http),
            "--metrics", new Uri(lost.Endpoint.Metrics).Port.ToString(CultureInfo.InvariantCulture), "--bootstrap", Mesh.Nodes[0].Endpoint.Mesh, "--stop-with-input",
        ])));
        await UntilAsync("it is back", $"up{{node=\"{lost.Name}\"}} == 1");

        static string Place(string url) => new Uri(url).Authority;
    }

    private async Task UntilAsync(string what, string query)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
        limit.CancelAfter(NodeClient.Deadline);
        try
        {
            while (!await AnswersAsync())
                await timer.WaitForNextTickAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!Test.IsCancellationRequested)
        {
            throw new TimeoutException($"Not within {NodeClient.Deadline.TotalSeconds} s: {what}. {Circumstances}");
        }

        async Task<bool> AnswersAsync()
        {
            try
            {
                return await Prometheus.HasDataAsync(query, limit.Token);
            }
            catch (HttpRequestException)
            {
                return false; // it is still starting
            }
        }
    }

    [GeneratedRegex(@"(?<setting>\b(interval|for)): \d+[smhd]\b")]
    private static partial Regex Pace();
}
