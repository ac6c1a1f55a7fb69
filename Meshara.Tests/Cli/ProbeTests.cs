using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meshara.Harness;
using Meshara.Tests.Api;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Local;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Cli;

/// <summary><c>meshara probe</c>, with which a container engine checks whether the node is ready.</summary>
public sealed class ProbeTests : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StackNode _node = FreePort.Node();
    private readonly Dictionary<string, string> _certificate = [];
    private RunningProgram? _running;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_succeeds_when_the_node_is_ready()
    {
        await RunUntilAsync(HttpStatusCode.OK);
        Assert.Equal(0, await ProbeAsync());
    }

    [Fact]
    public async Task It_asks_under_TLS_where_the_API_has_a_certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=node.example.org", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1));
        _certificate["Api__CertificateFile"] = Write("tls.crt", certificate.ExportCertificatePem());
        _certificate["Api__CertificateKeyFile"] = Write("tls.key", key.ExportPkcs8PrivateKeyPem());
        Run();
        await Eventually.TrueAsync(async () => await ProbeAsync() == 0, "the probe succeeds");

        string Write(string name, string text)
        {
            File.WriteAllText(_folder.File(name), text);
            return _folder.File(name);
        }
    }

    [Fact]
    public async Task It_fails_while_the_node_finds_nobody()
    {
        await RunUntilAsync(HttpStatusCode.ServiceUnavailable, "--bootstrap", "tcp://127.0.0.1:1");
        Assert.Equal(6, await ProbeAsync());
    }

    [Fact]
    public async Task A_node_that_has_lost_its_peers_is_ready_and_not_healthy()
    {
        await RunUntilAsync(HttpStatusCode.OK);
        await using (var peer = await SingleNode.StartAsync("peer", [Client()], Test))
            await Eventually.TrueAsync(async () => await ProbeAsync("health") == 0, "the node with a peer is healthy");

        await Eventually.TrueAsync(async () => await ProbeAsync("health") == 6, "the node without peers is not healthy");
        Assert.Equal(0, await ProbeAsync());
    }

    [Fact]
    public async Task It_fails_when_nothing_listens() => Assert.Equal(6, await ProbeAsync());

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        _folder.Dispose();
    }

    private void Run(params string[] flags)
    {
        var start = HostProgram.Start(HostProgram.Node,
        [
            "run", "--name", _node.Name, "--data", _folder.Path,
            "--mesh", $"127.0.0.1:{_node.MeshPort}", "--http", $"127.0.0.1:{_node.HttpPort}",
            "--metrics", _node.MetricsPort.ToString(CultureInfo.InvariantCulture), "--stop-with-input", .. flags,
        ]);
        foreach (var (name, value) in _certificate)
            start.Environment[name] = value;
        _running = new RunningProgram(start);
    }

    private async Task RunUntilAsync(HttpStatusCode ready, params string[] flags)
    {
        Run(flags);
        using var client = Client();
        await client.UntilAsync($"answers {ready}", async () => (await client.Http.GetAsync("ready", Test)).StatusCode == ready, Test);
    }

    private NodeClient Client() =>
        new(new NodeEndpoint(_node.Name, "", $"tcp://127.0.0.1:{_node.MeshPort}", $"http://127.0.0.1:{_node.HttpPort}", "", 0));

    private async Task<int> ProbeAsync(params string[] arguments)
    {
        var start = HostProgram.Start(HostProgram.Node, ["probe", .. arguments]);
        start.Environment["Api__Port"] = _node.HttpPort.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in _certificate)
            start.Environment[name] = value;
        await using var probe = new RunningProgram(start);
        return await probe.ExitAsync(Test);
    }
}
