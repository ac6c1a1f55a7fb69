using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Nodes;
using Meshara.Harness.Processes;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills;

/// <summary>A node of a drill. It keeps its identity, folder and ports across several processes.</summary>
internal sealed class DrillNode(StackNode plan, Stack stack, StackFiles files, string program, FaultLog log, StatusConsole console, TimeProvider time)
    : IAsyncDisposable
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(60);

    // A node drains for 2 s, but takes much longer on a busy machine.
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(15);

    private readonly WarningGate _gate = new(time);
    private readonly List<LocalNode> _lives = [];
    private readonly List<Task> _obituaries = [];
    private volatile LocalNode? _life;
    private volatile bool _isEndAsked;
    private long _leftAloneUntil = long.MinValue;

    /// <summary>Its number, from 1.</summary>
    public int Index => plan.Index;

    /// <summary>Its name.</summary>
    public string Name => plan.Name;

    /// <summary>The port that peers dial.</summary>
    public int MeshPort => plan.MeshPort;

    /// <summary>The port it listens on if a proxy listens on <see cref="MeshPort"/>.</summary>
    public int HiddenMeshPort => plan.HiddenMeshPort;

    /// <summary>Its folder.</summary>
    public string Folder => files.Node(Name);

    /// <summary>Launch settings of its next process.</summary>
    public NodeLaunch Launch { get; set; } = new();

    /// <summary>Its address; empty until it is first ready.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The API of its current process.</summary>
    public NodeApi Api => (_life ?? throw new InvalidOperationException($"{Name} was not started")).Api;

    /// <summary>The id of its current process; null if there is none.</summary>
    public int? ProcessId => _life is { IsAlive: true } life ? life.Child.Id : null;

    /// <summary>Its current metrics; null if it did not answer.</summary>
    public Task<NodeMetrics?> TryGetMetricsAsync(CancellationToken stop) => NodeMetrics.TryReadAsync(plan.MetricsPort, stop, Launch.Connect);

    /// <summary>True while its process runs, is ready and was not told to end.</summary>
    public bool IsUp => !_isEndAsked && _life is { IsReady: true, IsAlive: true };

    /// <summary>False while a fault excludes it as a sender.</summary>
    public bool TakesMessages { get; set; } = true;

    /// <summary>False while a fault excludes it as a recipient.</summary>
    public bool GetsMessages { get; set; } = true;

    /// <summary>True if it can take a message: it is up, is not excluded by a fault, and has not asked for a pause.</summary>
    public bool IsWilling => TakesMessages && IsUp && time.GetTimestamp() >= Interlocked.Read(ref _leftAloneUntil);

    /// <summary>Hands it no messages for a while, as it asked (Retry-After).</summary>
    public void LeaveAlone(TimeSpan duration) =>
        Interlocked.Exchange(ref _leftAloneUntil, time.GetTimestamp() + (long)(duration.TotalSeconds * time.TimestampFrequency));

    /// <summary>Starts its process. Call <see cref="WaitUntilReadyAsync"/> next.</summary>
    public void Start()
    {
        var launch = Launch with { LogName = string.Create(CultureInfo.InvariantCulture, $"{Name}.life{_lives.Count + 1}") };
        var life = LocalNode.Start(plan, stack, files, program, Display, launch);
        _isEndAsked = false;
        _life = life;
        _lives.Add(life);
        _obituaries.Add(WatchAsync(life));
    }

    /// <summary>Waits until it is ready.</summary>
    /// <exception cref="StackException">It ended, or was not ready in time.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        await _life!.WaitUntilReadyAsync(ReadyDeadline, time, cancellationToken);
        Address = _life.Address;
    }

    /// <summary>Kills its process (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _isEndAsked = true;
        if (_life is not { } life)
            return;
        life.Child.Kill();
        await life.Child.Exited;
    }

    /// <summary>Asks its process to end (SIGTERM; on Windows by closing its input) and waits until it has.</summary>
    public async Task TerminateAsync()
    {
        _isEndAsked = true;
        if (_life is not { IsAlive: true } life)
            return;
        if (OperatingSystem.IsWindows())
            life.Child.CloseInput();
        else
            Unix.Terminate(life.Child.Id);
        try
        {
            if (await life.Child.Exited.WaitAsync(StopDeadline, time) is not 0 and var code)
                log.Fail($"{Name} was asked to end and did with exit code {code}; see {life.Child.Log.Path}");
        }
        catch (TimeoutException)
        {
            log.Fail($"{Name} did not end within {StopDeadline.TotalSeconds:0} s of SIGTERM; see {life.Child.Log.Path}");
            await KillAsync();
        }
    }

    /// <summary>Stops its process at the end of the drill.</summary>
    public async Task StopAsync(CancellationToken killNow)
    {
        _isEndAsked = true;
        if (_life is { } life)
            await life.Child.StopAsync(StopDeadline, killNow);
        await Task.WhenAll(_obituaries);
    }

    public async ValueTask DisposeAsync()
    {
        _isEndAsked = true;
        foreach (var life in _lives)
            await life.DisposeAsync();
    }

    private async Task WatchAsync(LocalNode life)
    {
        var code = await life.Child.Exited;
        // If it ends before it is ready, the caller of WaitUntilReadyAsync reports that.
        if (!_isEndAsked && life.IsReady)
            log.Fail($"{Name} ended by itself with exit code {code}; see {life.Child.Log.Path}{string.Concat(life.Child.Log.Tail.TakeLast(3).Select(line => "\n  " + line))}");
    }

    // Nodes warn about the faults, as they should. The console shows only errors and crashes; the logs have the rest.
    private void Display(string line, bool isError)
    {
        if (LogLine.Notable(line, isError) is { Level: not "WARN" } notable && _gate.TryPass())
            console.WriteLine(notable.Format(Name));
    }
}
