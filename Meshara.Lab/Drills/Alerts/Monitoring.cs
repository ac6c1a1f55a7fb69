using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Meshara.Harness;
using Meshara.Harness.Monitoring;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>
/// The real Prometheus and Alertmanager with the project's own files, accelerated, and the receivers that Alertmanager notifies.
/// </summary>
internal sealed class Monitoring : IAsyncDisposable
{
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    private readonly Stack _stack;
    private readonly StackFiles _files;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Tool> _tools;
    private readonly Dictionary<string, ChildProcess> _running = [];
    private int _starts;

    private Monitoring(
        Stack stack, StackFiles files, PagerReceiver pager, MailReceiver mail, DeadMansSwitch deadMansSwitch, NotificationLog log,
        IReadOnlyList<Tool> tools, TimeProvider time)
    {
        _stack = stack;
        _files = files;
        _time = time;
        Pager = pager;
        Mail = mail;
        Switch = deadMansSwitch;
        Notifications = log;
        _tools = tools.ToDictionary(tool => tool.Name);
        Prometheus = new PrometheusApi(new Uri(_tools["prometheus"].Url));
        Alertmanager = new AlertmanagerApi(new Uri(_tools["alertmanager"].Url));
    }

    /// <summary>Prometheus's API.</summary>
    public PrometheusApi Prometheus { get; }

    /// <summary>Alertmanager's API.</summary>
    public AlertmanagerApi Alertmanager { get; }

    /// <summary>The pager.</summary>
    public PagerReceiver Pager { get; }

    /// <summary>The mail server.</summary>
    public MailReceiver Mail { get; }

    /// <summary>The dead man's switch, which receives Watchdog.</summary>
    public DeadMansSwitch Switch { get; }

    /// <summary>All notifications that the receivers got.</summary>
    public NotificationLog Notifications { get; }

    /// <summary>Prometheus' folder: <c>prometheus.yml</c>, <c>rules/</c>, <c>targets/</c>.</summary>
    public string PrometheusFolder => _files.Prometheus;

    private string Rules => Path.Combine(PrometheusFolder, "rules");

    private string RulesForLater => Path.Combine(PrometheusFolder, "rules-for-later");

    /// <summary>Alertmanager's folder.</summary>
    public string AlertmanagerFolder => _files.Alertmanager;

    /// <summary>Prepares everything and starts the receivers.</summary>
    /// <exception cref="StackException">Prometheus or Alertmanager is not installed.</exception>
    public static async Task<Monitoring> CreateAsync(Stack stack, StackFiles files, TimeProvider time, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(files);
        var log = new NotificationLog();
        var (routingKey, password) = (RandomNumberGenerator.GetHexString(32, lowercase: true), RandomNumberGenerator.GetHexString(24, lowercase: true));
        var secrets = Directory.CreateDirectory(Path.Combine(files.Alertmanager, "secrets")).FullName;
        await File.WriteAllTextAsync(Path.Combine(secrets, "pagerduty_routing_key"), routingKey, stop);
        await File.WriteAllTextAsync(Path.Combine(secrets, "smtp_password"), password, stop);
        var deadMansSwitch = await DeadMansSwitch.StartAsync(stop);
        await File.WriteAllTextAsync(Path.Combine(files.Alertmanager, Harness.Monitoring.AlertmanagerFolder.SwitchAddress), deadMansSwitch.Url, stop);

        var tools = Prepare(stack, files);
        TimeLapse.ApplyTo([
            Path.Combine(files.Prometheus, "prometheus.yml"),
            .. Directory.EnumerateFiles(Path.Combine(files.Prometheus, "rules")),
            Path.Combine(files.Alertmanager, "alertmanager.yml"),
        ]);

        var pager = new PagerReceiver(routingKey, log, time);
        await pager.StartAsync(stop);
        Redirect(Path.Combine(files.Alertmanager, "alertmanager.yml"), "https://events.pagerduty.com/v2/enqueue", pager.Url);
        var mail = new MailReceiver(stack.Ports.MailpitSmtp, password, log, time);
        mail.Start();
        return new Monitoring(stack, files, pager, mail, deadMansSwitch, log, tools, time);
    }

    private static Tool[] Prepare(Stack stack, StackFiles files)
    {
        string[] alertmanagers = ["alertmanager", "prometheus-alertmanager"];
        var path = Environment.GetEnvironmentVariable("PATH");
        if (ToolPath.Find(path, "prometheus") is not { } prometheus || ToolPath.Find(path, alertmanagers) is not { } alertmanager)
            throw new StackException("Alert drills need Prometheus and Alertmanager: apt-get install prometheus prometheus-alertmanager.", LabExitCodes.NotPossibleHere);
        var (rules, alerts) = (Listen(stack.Ports.Prometheus), Listen(stack.Ports.Alertmanager));
        Harness.Monitoring.AlertmanagerFolder.Write(Locations.Alerts(), files.Alertmanager, Listen(stack.Ports.MailpitSmtp));
        Harness.Monitoring.PrometheusFolder.Write(Locations.Alerts(), files.Prometheus, stack, "127.0.0.1", rules, alerts);
        return
        [
            new Tool("alertmanager", $"http://{alerts}", alertmanager, files.Alertmanager, Harness.Monitoring.AlertmanagerFolder.Arguments(alerts)),
            new Tool("prometheus", $"http://{rules}", prometheus, files.Prometheus, Harness.Monitoring.PrometheusFolder.Arguments(rules)),
        ];
    }

    private static string Listen(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");

    /// <summary>Starts both, without rules, and returns once they answer.</summary>
    public async Task StartAsync(CancellationToken stop)
    {
        Directory.Move(Rules, RulesForLater);
        await StartAlertmanagerAsync(stop);
        await StartPrometheusAsync(stop);
    }

    /// <summary>
    /// Restarts Prometheus with its rules. A new Prometheus misses every target until its first scrape, seconds after its start.
    /// That is longer than the two seconds to which a rule's minute shrinks, so alerts would fire, and Alertmanager would
    /// remember them. A reload is no alternative to the restart: Prometheus loses notifications until it has found Alertmanager
    /// again, and alerts on that.
    /// </summary>
    public async Task BeginAlertingAsync(CancellationToken stop)
    {
        await StopPrometheusAsync();
        Directory.Move(RulesForLater, Rules);
        await StartPrometheusAsync(stop);
        await Eventually.TrueAsync(async () => (await Alertmanager.AlertsAsync("Watchdog", stop)).Count == 1, "Alertmanager hears of Watchdog", _time, stop);
    }

    /// <summary>Starts Prometheus.</summary>
    public Task StartPrometheusAsync(CancellationToken stop)
    {
        // Alerts are resent at this interval, and Alertmanager drops those not resent for a multiple of it. No file can set it.
        var resend = TimeLapse.Shorten(TimeSpan.FromMinutes(1));
        Start("prometheus", "--web.enable-lifecycle", $"--rules.alert.resend-delay={resend.TotalMilliseconds:0}ms");
        return Eventually.TrueAsync(() => Prometheus.IsReadyAsync(stop), "Prometheus answers", _time, stop);
    }

    /// <summary>Starts Alertmanager.</summary>
    public Task StartAlertmanagerAsync(CancellationToken stop)
    {
        Start("alertmanager");
        return Eventually.TrueAsync(() => Alertmanager.IsReadyAsync(stop), "Alertmanager answers", _time, stop);
    }

    /// <summary>Stops Prometheus as its service manager would.</summary>
    public Task StopPrometheusAsync() => StopAsync("prometheus");

    /// <summary>The process of Prometheus itself: the only child of its guard.</summary>
    public int PrometheusProcessId
    {
        get
        {
            var guard = _running["prometheus"].Id;
            return int.Parse(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{guard}/task/{guard}/children")), CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Kills Alertmanager.</summary>
    public async Task KillAlertmanagerAsync()
    {
        await _running["alertmanager"].DisposeAsync();
        _running.Remove("alertmanager");
    }

    /// <summary>Replaces the targets of a job; Prometheus notices the change by itself.</summary>
    /// <param name="job">Name of the file in <c>targets/</c>.</param>
    /// <param name="targets">Addresses, each with the value of its <c>node</c> label.</param>
    public void WriteTargets(string job, IEnumerable<(string Address, string? Node)> targets)
    {
        var groups = targets.Select(target => new
        {
            targets = (string[])[target.Address],
            labels = new Dictionary<string, string?> { ["cluster"] = Stack.Cluster, ["node"] = target.Node }
                .Where(label => label.Value is not null).ToDictionary(label => label.Key, label => label.Value),
        });
        EndpointsFile.WriteAtomically(Path.Combine(PrometheusFolder, "targets", job + ".json"), JsonSerializer.Serialize(groups));
    }

    /// <summary>The targets of all nodes, as the host writes them.</summary>
    public IEnumerable<(string Address, string? Node)> NodeTargets() => _stack.Nodes.Select(node => ($"127.0.0.1:{node.MetricsPort}", (string?)node.Name));

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _running.Keys.ToList())
            await StopAsync(name);
        Prometheus.Dispose();
        Alertmanager.Dispose();
        await Mail.DisposeAsync();
        await Pager.DisposeAsync();
        await Switch.DisposeAsync();
    }

    private void Start(string name, params string[] arguments)
    {
        var tool = _tools[name];
        var start = Guard.Start(tool.Program, [.. tool.Arguments, .. arguments]);
        start.WorkingDirectory = tool.Folder;
        _running[name] = ChildProcess.Start(name, start, new ChildLog(_files.Log($"{name}.life{++_starts}")), (_, _) => { });
    }

    private async Task StopAsync(string name)
    {
        if (!_running.Remove(name, out var process))
            return;
        await process.StopAsync(StopDeadline, CancellationToken.None);
        await process.DisposeAsync();
    }

    private static void Redirect(string file, string from, string to)
    {
        var text = File.ReadAllText(file);
        File.WriteAllText(file, text.Contains(from, StringComparison.Ordinal)
            ? text.Replace(from, to, StringComparison.Ordinal)
            : throw new InvalidDataException($"{from} is not in {file}"));
    }
}
