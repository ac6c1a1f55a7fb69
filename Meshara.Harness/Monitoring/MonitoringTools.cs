using System.Globalization;
using Meshara.Harness.Processes;

namespace Meshara.Harness.Monitoring;

/// <summary>Prometheus and Alertmanager as children of the host, when they are installed.</summary>
/// <param name="stack">Where they listen and what they scrape.</param>
/// <param name="parts">Which of them are wanted.</param>
/// <param name="files">Where their configuration goes.</param>
/// <param name="alerts">The folder with the project's own files.</param>
/// <param name="searchPath">Where programs are looked for, as in PATH.</param>
internal sealed class MonitoringTools(Stack stack, IReadOnlySet<string> parts, StackFiles files, string alerts, string? searchPath)
{
    private const string Host = "127.0.0.1";
    private const string Install = "apt-get install prometheus prometheus-alertmanager";

    /// <summary>
    /// Finds what is wrong with the secrets before anything is started or written.
    /// </summary>
    /// <exception cref="StackException">Somebody is to be notified, and a secret is not there.</exception>
    public void RequireSecrets()
    {
        if (parts.Contains("alertmanager") && File.Exists(Path.Combine(alerts, "alertmanager.yml")))
            AlertmanagerFolder.RequireSecrets(alerts, files.Alertmanager);
    }

    /// <summary>
    /// Decides what runs and writes its configuration. Nothing is started yet.
    /// </summary>
    /// <returns>What to start, and a line for each that cannot be or does less than it could.</returns>
    /// <exception cref="StackException">Somebody is to be notified, and a secret is not there.</exception>
    public (IReadOnlyList<Tool> Tools, IReadOnlyList<string> Missing) Prepare()
    {
        var tools = new List<Tool>();
        var missing = new List<string>();
        void Add(string name, Tool? tool, string? why)
        {
            if (tool is not null)
                tools.Add(tool);
            else
                missing.Add($"{name} is not started: {why}.");
        }

        var (alertmanager, why) = PrepareAlertmanager(missing);
        Add("Alertmanager", alertmanager, why);
        var (prometheus, whyNot) = PreparePrometheus(alertmanager is null ? null : Listen(stack.Ports.Alertmanager));
        Add("Prometheus", prometheus, whyNot);
        return (tools, missing);
    }

    private (Tool?, string?) PreparePrometheus(string? alertmanager)
    {
        if (Unavailable("prometheus", stack.Ports.Prometheus, out var program, "prometheus") is { } reason)
            return (null, reason);
        if (!File.Exists(Path.Combine(alerts, "prometheus.yml")))
            return (null, "alerts/prometheus.yml is not there");
        PrometheusFolder.Write(alerts, files.Prometheus, stack, Host, Listen(stack.Ports.Prometheus), alertmanager);
        return (new Tool("prometheus", $"http://{Listen(stack.Ports.Prometheus)}", program, files.Prometheus,
        [
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=15d",
            "--storage.tsdb.retention.size=1GB",
            "--enable-feature=exemplar-storage",
            $"--web.listen-address={Listen(stack.Ports.Prometheus)}",
        ]), null);
    }

    private (Tool?, string?) PrepareAlertmanager(List<string> notes)
    {
        // Debian calls it prometheus-alertmanager.
        if (Unavailable("alertmanager", stack.Ports.Alertmanager, out var program, "alertmanager", "prometheus-alertmanager") is { } reason)
            return (null, reason);
        if (!File.Exists(Path.Combine(alerts, "alertmanager.yml")))
            return (null, "alerts/alertmanager.yml is not there");
        if (AlertmanagerFolder.Write(alerts, files.Alertmanager, Listen(stack.Ports.MailpitSmtp)).Count == 0)
            notes.Add($"Alertmanager shows alerts but notifies nobody: there is no {StackFiles.Shown(Path.Combine(files.Alertmanager, "secrets"))} (see alerts/README.md).");
        return (new Tool("alertmanager", $"http://{Listen(stack.Ports.Alertmanager)}", program, files.Alertmanager,
        [
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            // Alone, without the ten seconds that it otherwise waits for others to gossip with.
            "--cluster.listen-address=",
            $"--web.listen-address={Listen(stack.Ports.Alertmanager)}",
        ]), null);
    }

    // A Prometheus that the system runs as a service often holds the default port; the mesh does not need ours.
    private string? Unavailable(string part, int port, out string program, params string[] names)
    {
        program = "";
        if (!parts.Contains(part))
            return "it was left out";
        program = ToolPath.Find(searchPath, names) ?? "";
        if (program.Length == 0)
            return $"it is not installed ({Install})";
        return Ports.IsFree(port) ? null : $"port {port} is taken; choose others with --port-base P or --ports auto";
    }

    private static string Listen(int port) => string.Create(CultureInfo.InvariantCulture, $"{Host}:{port}");
}
