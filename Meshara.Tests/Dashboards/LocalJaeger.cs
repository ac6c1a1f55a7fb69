using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.Harness.Processes;
using Meshara.Tests.Alerts;
using Meshara.Tests.Api;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Dashboards;

/// <summary>
/// An installed Jaeger with the project's configuration, storing in memory. Only its addresses (free loopback ports) and the folder of
/// <c>ui.json</c> differ.
/// </summary>
internal sealed partial class LocalJaeger : IAsyncDisposable
{
    private const int OtlpPort = 4317;
    private const int SpanMetricsPort = 8889;
    private const int Port = 16686;

    // Jaeger does not watch its standard input; the shell ends it when the test is over for any reason.
    private const string Script = """
        "$0" --config "$1" & read -r _; kill "$!"; wait "$!"
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly string _program;
    private readonly string _configuration;
    private readonly Dictionary<int, int> _ports;
    private readonly HttpClient _http;
    private RunningProgram? _running;

    private LocalJaeger(string program)
    {
        _program = program;
        var text = File.ReadAllText(Path.Combine(Tracing, "memory.yaml"));
        _ports = Listener().Matches(text).Select(match => PortOf(match)).ToDictionary(port => port, _ => FreePort.Next());
        _configuration = Listener().Replace(text, match => $"127.0.0.1{match.Groups["between"].Value}{_ports[PortOf(match)]}")
            .Replace("/etc/jaeger/", Tracing + "/", StringComparison.Ordinal);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://{Place(Port)}"), Timeout = TimeSpan.FromSeconds(30) };
        Api = new JaegerApi(_http);
    }

    /// <summary>The program that <c>MESHARA_JAEGER</c> names or that is on PATH; null if there is none.</summary>
    public static string? Program { get; } = Environment.GetEnvironmentVariable("MESHARA_JAEGER") is { Length: > 0 } named
        ? named
        : ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), "jaeger");

    /// <summary>The reason for skipping a test if Jaeger is not installed.</summary>
    public static string Missing => "Jaeger is not installed: there is no program 'jaeger' on PATH, and MESHARA_JAEGER names none.";

    /// <summary>The folder with the configuration.</summary>
    public static string Tracing { get; } = Path.Combine(AlertFiles.Root, "tracing");

    /// <summary>An instance that is not started yet; null if Jaeger is not installed.</summary>
    public static LocalJaeger? Find() => Program is null ? null : new LocalJaeger(Program);

    /// <summary>Its address for OTLP over gRPC, once started.</summary>
    public Uri Otlp => new($"http://{Place(OtlpPort)}");

    /// <summary>Its address for span metrics, which Prometheus scrapes, as host:port.</summary>
    public string SpanMetrics => Place(SpanMetricsPort);

    /// <summary>Its API.</summary>
    public JaegerApi Api { get; }

    /// <summary>Everything it printed.</summary>
    public string Output => _running?.Output ?? "";

    /// <summary>Starts it.</summary>
    /// <param name="prometheus">The Prometheus that the Monitor tab queries.</param>
    public async Task StartAsync(Uri prometheus)
    {
        var file = Path.Combine(_folder.Path, "memory.yaml");
        await File.WriteAllTextAsync(file, _configuration, TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo("sh", (string[])["-c", Script, _program, file]);
        start.Environment["PROMETHEUS_URL"] = prometheus.GetLeftPart(UriPartial.Authority);
        _running = new RunningProgram(start);
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is not null)
            await _running.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    private string Place(int port) => $"127.0.0.1:{_ports[port]}";

    private static int PortOf(Match match) => int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture);

    // endpoint: 0.0.0.0:16686, or host: 0.0.0.0 with port: 8888 in the next line.
    [GeneratedRegex(@"\b0\.0\.0\.0(?<between>:|\r?\n\s+port: )(?<port>\d+)")]
    private static partial Regex Listener();
}
