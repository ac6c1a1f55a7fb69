using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Nodes;
using Meshara.Harness.Processes;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills;

/// <summary>A node of a drill: one identity, one folder, one set of ports, and one process after another.</summary>
internal sealed class DrillNode(StackNode plan, Stack stack, StackFiles files, string program, FaultLog log, StatusConsole console, TimeProvider time)
    : IAsyncDisposable
{
    private static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(60);

    // A node drains for 2 s; on a busy machine that takes a multiple.
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

    /// <summary>Where peers dial it.</summary>
    public int MeshPort => plan.MeshPort;

    /// <summary>Where it listens when a proxy stands at that.</summary>
    public int HiddenMeshPort => plan.HiddenMeshPort;

    /// <summary>Its folder.</summary>
    public string Folder => files.Node(Name);

    /// <summary>How its next process is started.</summary>
    public NodeLaunch Launch { get; set; } = new();

    /// <summary>Its address; empty until it was ready for the first time.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The API of its present process.</summary>
    public NodeApi Api => (_life ?? throw new InvalidOperationException($"{Name} was not started")).Api;

    /// <summary>The id of its present process, or null when there is none.</summary>
    public int? ProcessId => _life is { IsAlive: true } life ? life.Child.Id : null;

    /// <summary>What its metrics say now; null when it did not answer.</summary>
    public Task<NodeMetrics?> TryGetMetricsAsync(CancellationToken stop) => NodeMetrics.TryReadAsync(plan.MetricsPort, stop, Launch.Connect);

    /// <summary>True while its process runs, is ready and was not told to end.</summary>
    public bool IsUp => !_isEndAsked && _life is { IsReady: true, IsAlive: true };

    /// <summary>False while a fault wants no messages handed to it.</summary>
    public bool TakesMessages { get; set; } = true;

    /// <summary>False while a fault wants no messages sent to it.</summary>
    public bool GetsMessages { get; set; } = true;

    /// <summary>True when a message can be handed to it: up, and not asking to be left alone.</summary>
    public bool IsWilling => TakesMessages && IsUp && time.GetTimestamp() >= Interlocked.Read(ref _leftAloneUntil);

    /// <summary>Hands it no message for so long, as it asked (Retry-After).</summary>
    public void LeaveAlone(TimeSpan duration) =>
        Interlocked.Exchange(ref _leftAloneUntil, time.GetTimestamp() + (long)(duration.TotalSeconds * time.TimestampFrequency));

    /// <summary>Starts its process; <see cref="WaitUntilReadyAsync"/> follows.</summary>
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
    /// <exception cref="StackException">It ended or was not in time.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        await _life!.WaitUntilReadyAsync(ReadyDeadline, time, cancellationToken);
        Address = _life.Address;
    }

    /// <summary>Ends its process without warning (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _isEndAsked = true;
        if (_life is not { } life)
            return;
        life.Child.Kill();
        await life.Child.Exited;
    }

    /// <summary>Asks its process to end (SIGTERM, on Windows by closing its input) and waits until it has.</summary>
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

    /// <summary>Ends its process for the end of the drill.</summary>
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
        // One that ends before it is ready is told of by whoever waits for it.
        if (!_isEndAsked && life.IsReady)
            log.Fail($"{Name} ended by itself with exit code {code}; see {life.Child.Log.Path}{string.Concat(life.Child.Log.Tail.TakeLast(3).Select(line => "\n  " + line))}");
    }

    // Nodes warn of what is done to them, as they should: the drill shows errors and crashes, the logs have the rest.
    private void Display(string line, bool isError)
    {
        if (LogLine.Notable(line, isError) is { Level: not "WARN" } notable && _gate.TryPass())
            console.WriteLine(notable.Format(Name));
    }
}
