using System.Globalization;
using System.Security.Cryptography;
using Meshara.Harness;
using Meshara.Harness.Nodes;
using Meshara.Harness.Terminal;
using Meshara.Lab.Drills.Faults;

namespace Meshara.Lab.Drills;

/// <summary>
/// One drill: starts a mesh, sends messages through it, injects a fault, and finally compares what was sent and received.
/// </summary>
internal sealed class Drill(DrillOptions options, StatusConsole console, StopRequests stops, TimeProvider time)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    private readonly DrillLedger _ledger = new(RandomNumberGenerator.GetHexString(12, lowercase: true), time);
    private readonly FaultLog _log = new(console, stops, time);

    /// <summary>Runs the drill.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="StackException">It cannot be run.</exception>
    public async Task<int> RunAsync()
    {
        await using var fault = FaultCatalogue.Create(options, _ledger);
        var folder = NewFolder();
        var passed = false;
        try
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Drill {options.Name}: {options.Nodes} nodes, {options.Rate} messages/s for {options.For.TotalSeconds} s, seed {options.Seed}; in {folder}"));
            await using var mesh = DrillMesh.Create(options, fault.NodeSettings, fault.NeedsNetwork, new StackFiles(folder), _log, console, time);
            try
            {
                await fault.PrepareAsync(mesh, stops.Stop);
                await mesh.StartAsync(stops.Stop);
                await fault.ObserveAsync(mesh, stops.Stop);
                var report = await RunAsync(mesh, fault);
                passed = report.Passed;
                Publish(report);
            }
            finally
            {
                console.SetLive(null);
                await mesh.StopAsync(stops.Kill);
            }

            return passed ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (OperationCanceledException) when (stops.Stop.IsCancellationRequested)
        {
            return ExitCodes.Killed;
        }
        finally
        {
            if (passed && options.Data is null)
                Directory.Delete(folder, recursive: true);
            else
                console.WriteLine($"The nodes' folders and logs are in {folder}");
        }
    }

    private string NewFolder() => options.Data is { } data
        ? Directory.CreateDirectory(Path.Combine(Path.GetFullPath(data),
            string.Create(CultureInfo.InvariantCulture, $"{options.Name}-{time.GetUtcNow():yyyyMMdd-HHmmss}-{Environment.ProcessId}"))).FullName
        : Directory.CreateTempSubdirectory("meshara-drill-").FullName;

    private async Task<DrillReport> RunAsync(DrillMesh mesh, IFault fault)
    {
        var reader = new InboxReader(mesh, _ledger, time);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(stops.Stop);
        Task[] watches = [reader.FollowAsync(watching.Token), new DrillStatus(mesh, _ledger, console, time).RunAsync(watching.Token)];
        try
        {
            var duration = await BreakAsync(mesh, fault);
            await mesh.ReviveAsync(stops.Stop);
            await SettleAsync(mesh);
            return await ConcludeAsync(mesh, fault, reader, duration);
        }
        finally
        {
            await watching.CancelAsync();
            await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<TimeSpan> BreakAsync(DrillMesh mesh, IFault fault)
    {
        var started = time.GetTimestamp();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stops.Stop);
        over.CancelAfter(options.For);
        using var sent = CancellationTokenSource.CreateLinkedTokenSource(stops.Stop);
        var traffic = new DrillTraffic(mesh, _ledger, new Random(options.Seed), time).RunAsync(options.Rate, sent.Token);
        try
        {
            await fault.InjectAsync(mesh, over.Token, stops.Stop);
            // If the fault ends early, traffic continues for the full duration.
            await Task.Delay(Timeout.InfiniteTimeSpan, time, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            // If the fault failed, its exception surfaces after traffic has ended.
            await sent.CancelAsync();
            await traffic;
        }

        stops.Stop.ThrowIfCancellationRequested();
        return time.GetElapsedTime(started);
    }

    // Settled: all accepted messages were seen, and no node holds a message that it could still send (again).
    private async Task SettleAsync(DrillMesh mesh)
    {
        console.WriteLine("Waiting until everything has arrived");
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(PollInterval, time);
        while (time.GetElapsedTime(started) < options.Settle && (_ledger.Count().Waiting > 0 || await PendingAsync(mesh) is not 0))
            await timer.WaitForNextTickAsync(stops.Stop);
    }

    // Null if a node did not answer.
    private async Task<long?> PendingAsync(DrillMesh mesh)
    {
        var health = await Task.WhenAll(mesh.Nodes.Where(node => node.IsUp).Select(node => node.Api.TryGetHealthAsync(stops.Stop)));
        return health.Any(answer => answer is null) ? null : health.Sum(answer => answer!.PendingMessages);
    }

    private async Task<DrillReport> ConcludeAsync(DrillMesh mesh, IFault fault, InboxReader reader, TimeSpan duration)
    {
        var inboxes = new List<InboxContent>();
        foreach (var node in mesh.Nodes.Where(node => node.ProcessId is not null))
        {
            try
            {
                inboxes.Add(await reader.ReadAsync(node, stops.Stop));
            }
            catch (StackException exception)
            {
                _log.Fail(exception.Message);
            }
        }

        var audit = Audit.Of(_ledger, inboxes, index => mesh.Nodes[index - 1].Address, areClocksRight: !fault.HasWrongClocks);
        var missing = await Task.WhenAll(audit.Missing.Select(async entry => (Entry: entry, Told: await AskSenderAsync(mesh, entry))));
        var expired = missing.Where(message => message.Told?.State == "expired").Select(message => message.Entry).ToHashSet();
        var findings = await fault.ReportAsync(mesh, audit, stops.Stop);
        var counts = _ledger.Count();
        return new DrillReport
        {
            Drill = options.Name,
            Nodes = options.Nodes,
            Rate = options.Rate,
            Seed = options.Seed,
            Seconds = Math.Round(duration.TotalSeconds, 3),
            Sent = counts.Sent,
            Accepted = counts.Accepted,
            Delivered = audit.Delivered,
            Expired = expired.Count,
            Refused = _ledger.Refusals,
            Unsent = counts.Unsent,
            Unknown = counts.Unknown,
            UnknownDelivered = audit.UnknownDelivered,
            Orphaned = Orphaned(mesh, audit),
            Pending = await PendingAsync(mesh),
            Failures = _log.Failures,
            Attacks = findings.Attacks,
            Network = findings.Network,
            Events = [.. _log.Events.Select(happened => Describe(happened, audit, expired))],
            DuplicateIds = audit.Duplicates,
            StrayIds = audit.Strays,
            LostMessages = [.. missing.Where(message => !expired.Contains(message.Entry)).Select(message => Describe(mesh, message.Entry, message.Told))],
        };
    }

    private async Task<SentMessage?> AskSenderAsync(DrillMesh mesh, LedgerEntry entry)
    {
        var sender = mesh.Nodes[entry.Sender - 1];
        return sender.IsUp ? await sender.Api.TryGetMessageAsync(entry.Id!, stops.Stop) : null;
    }

    private static EventReport Describe(FaultEvent fault, Audit audit, IReadOnlySet<LedgerEntry> expired)
    {
        var recovery = fault.HealedAt is { } healed ? audit.RecoveryFrom(healed, expired) : new Recovery(0, null, null);
        return new EventReport(
            fault.What, fault.BeganAt, fault.HealedAt, Seconds(fault.ReadyAt - fault.HealedAt), recovery.Backlog, Seconds(recovery.Duration),
            recovery.Last?.Id, Seconds(fault.AgreedAt - fault.HealedAt));
    }

    private static LostMessage Describe(DrillMesh mesh, LedgerEntry entry, SentMessage? told) => new(
        entry.Id!, mesh.Nodes[entry.Sender - 1].Name, mesh.Nodes[entry.Recipient - 1].Name, entry.AcceptedAt, told?.State ?? "unknown", told?.Attempts, told?.Reason);

    private int Orphaned(DrillMesh mesh, Audit audit) => _log.Events is [.., { HealedAt: { } healed }]
        ? audit.Entries.Count(entry => mesh.Nodes[entry.Sender - 1].ProcessId is null && audit.DeliveredAt(entry) > healed)
        : 0;

    private static double? Seconds(TimeSpan? duration) => duration is { } value ? Math.Round(value.TotalSeconds, 3) : null;

    private void Publish(DrillReport report)
    {
        if (options.Report is { } file)
            EndpointsFile.WriteAtomically(file, report.ToJson());
        console.SetLive(null);
        console.WriteLine(report.Summary());
    }
}
