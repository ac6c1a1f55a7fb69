using System.Text.Json;
using Meshara.Harness;
using Meshara.Harness.Processes;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Alerts;

/// <summary>
/// One run of all alert drills by the lab's program. The drills share meshes and therefore run together: one by one they would take half
/// an hour.
/// </summary>
public sealed class AlertDrillRun : IAsyncLifetime
{
    // For all drills together on a busy machine, built without optimization.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(15);

    private Dictionary<string, JsonElement> _drills = [];
    private string? _failure;

    /// <summary>Why no drill could be run; null if they were.</summary>
    public static string? Obstacle { get; } = Find("prometheus") is null ? "prometheus is not installed (apt-get install prometheus)."
        : Find("alertmanager", "prometheus-alertmanager") is null ? "Alertmanager is not installed (apt-get install prometheus-alertmanager)."
        : null;

    /// <summary>The lab's report on one alert.</summary>
    internal JsonElement this[string alert] => _drills.TryGetValue(alert, out var drill)
        ? drill
        : throw new InvalidOperationException($"The lab reported nothing of {alert}. {_failure}");

    public async ValueTask InitializeAsync()
    {
        if (Obstacle is not null)
            return;
        using var folder = new Stack.TemporaryFolder();
        var file = folder.File("report.json");
        // Punctuality can be judged only on a quiet machine; here notifications just have to arrive.
        await using var lab = new RunningProgram(HostProgram.Start(HostProgram.Lab,
            ["drill", "alert", "all", "--within", "2m", "--report", file, "--data", folder.Path, "--stop-with-input"]));
        try
        {
            await lab.ExitAsync(TestContext.Current.CancellationToken, Deadline);
        }
        catch (TimeoutException exception)
        {
            _failure = exception.Message;
        }

        _failure ??= lab.Output;
        if (!File.Exists(file))
            return;
        var report = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        _drills = report.GetProperty("drills").EnumerateArray().ToDictionary(drill => drill.GetProperty("alert").GetString()!);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static string? Find(params string[] names) => ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), names);
}
