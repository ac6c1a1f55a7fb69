using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// Wrong clocks: two nodes are off by minutes throughout, the clocks of others jump by an hour and back, and nodes are suspended like
/// those on a sleeping machine. Without libfaketime, nodes are only suspended.
/// </summary>
internal sealed class ClockFault(DrillOptions options) : IFault
{
    private static readonly TimeSpan Jump = TimeSpan.FromHours(1);
    private static readonly TimeSpan MaxStandstill = TimeSpan.FromSeconds(60);
    private static readonly IReadOnlyDictionary<int, TimeSpan> Wrong = new Dictionary<int, TimeSpan>
    {
        [2] = TimeSpan.FromMinutes(6),
        [3] = TimeSpan.FromMinutes(-11),
    };

    private readonly TimeSpan _beat = Rhythm.Beat(options);
    private readonly TimeSpan _standstill = options.For < MaxStandstill ? options.For : MaxStandstill;
    private readonly Dictionary<int, FakeClock> _clocks = [];

    public bool HasWrongClocks => true;

    public Task PrepareAsync(DrillMesh mesh, CancellationToken stop)
    {
        if (OperatingSystem.IsWindows())
            throw new StackException("clock does not work on Windows: no signal stops a process there.", LabExitCodes.NotPossibleHere);
        if (!FakeClock.IsInstalled)
        {
            mesh.Log.Tell($"{FakeClock.Missing}: all clocks are right, nodes only stand still");
            return Task.CompletedTask;
        }
        foreach (var node in mesh.Nodes)
        {
            var clock = new FakeClock(node.Folder + ".clock", Wrong.GetValueOrDefault(node.Index));
            _clocks[node.Index] = clock;
            node.Launch = node.Launch.With(clock.Environment);
        }
        foreach (var (node, offset) in Wrong)
            mesh.Log.Tell($"the clock of {mesh.Nodes[node - 1].Name} is {Describe(offset)}");
        return Task.CompletedTask;
    }

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        foreach (var node in mesh.Nodes.Where(node => _clocks.ContainsKey(node.Index) && node.ProcessId is not null))
            FakeClock.Tidy(node.ProcessId!.Value);
        while (await mesh.PauseAsync(_beat, over))
        {
            if (_clocks.Count > 0)
            {
                await JumpAsync(mesh, Jump, over, stop);
                await mesh.PauseAsync(_beat, over);
                await JumpAsync(mesh, -Jump, over, stop);
                await mesh.PauseAsync(_beat, over);
            }
            await StandStillAsync(mesh, stop);
        }
    }

    private async Task JumpAsync(DrillMesh mesh, TimeSpan step, CancellationToken over, CancellationToken stop)
    {
        var victim = mesh.Any();
        var clock = _clocks[victim.Index];
        var before = clock.Offset;
        var fault = mesh.Log.Begin($"the clock of {victim.Name} jumps, and is {Describe(before + step)}");
        clock.Offset = before + step;
        await mesh.PauseAsync(_beat * 2, over);
        clock.Offset = before;
        mesh.Log.Heal(fault, $"the clock of {victim.Name} jumps back, and is {Describe(before)}");
        await mesh.AgreeAsync(fault, stop);
    }

    private async Task StandStillAsync(DrillMesh mesh, CancellationToken stop)
    {
        var victim = mesh.Any();
        if (victim.ProcessId is not { } processId)
            return; // it ended by itself, which is reported elsewhere
        // Calls to a suspended node would not be answered.
        victim.TakesMessages = false;
        var duration = _standstill.TotalSeconds.ToString("0 s", CultureInfo.InvariantCulture);
        var standstill = await Standstill.BeginAsync(processId, victim.Folder + ".standstill.log", stop);
        // Logged once the node is stopped: a reader of the log may inspect the holder or kill this process, and the node must still resume.
        var fault = mesh.Log.Begin($"{victim.Name} stands still for {duration}");
        await using (standstill)
            await mesh.PauseAsync(_standstill, stop);
        mesh.Log.Heal(fault, $"{victim.Name} goes on");
        victim.TakesMessages = true;
        await mesh.AgreeAsync(fault, stop);
    }

    private static string Describe(TimeSpan offset) => offset == TimeSpan.Zero
        ? "right"
        : offset.Duration().TotalMinutes.ToString("0 min ", CultureInfo.InvariantCulture) + (offset > TimeSpan.Zero ? "ahead" : "behind");
}
