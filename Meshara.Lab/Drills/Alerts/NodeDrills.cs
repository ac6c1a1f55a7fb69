using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Harness.Processes;
using Meshara.Lab.Drills.Alerts.Faults;
using Meshara.Lab.Drills.Faults;
using Meshara.Lab.Load;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>Drills of faults in a node and its connections.</summary>
internal static class NodeDrills
{
    private const double AlmostTooMuch = 930_000_000;
    private const int Backlog = 150;
    private const int UsedBytes = 256 * 1024 * 1024;

    // Large enough that the files a node creates in its first minute do not predict a full disk within the rule's four hours.
    private const long VolumeBytes = 1536L * 1024 * 1024;

    // More than both alerts allow, yet short enough that a handshake of four one-way trips ends within its limit of 10 s.
    // Otherwise, a broken connection could not come back, and the isolated node would raise another alert.
    private static readonly LinkConditions FarAway = new() { Latency = TimeSpan.FromSeconds(1.1) };

    public static AlertDrill HighMessageLatency(int victim) => new()
    {
        Alert = "HighMessageLatency",
        Fault = $"puts 1.1 s of delay on every link of node-{victim}",
        Needs = DrillNeeds.Linux,
        // Nodes that send to the victim would be slow as well.
        BeforeAsync = (bench, _) =>
        {
            bench.Node(victim).GetsMessages = false;
            return Task.CompletedTask;
        },
        BreakAsync = (bench, _) =>
        {
            var flow = bench.Send(victim, 5, () => bench.Node(1).Address);
            return Task.FromResult<IAsyncDisposable>(Delay(bench, victim, flow));
        },
        Expected = bench => [bench.Scraped(victim).With(("message_type", "private"))],
        AfterAsync = (bench, _) =>
        {
            bench.Node(victim).GetsMessages = true;
            return Task.CompletedTask;
        },
    };

    public static AlertDrill BroadcastCoverageSlow(int victim) => new()
    {
        Alert = "BroadcastCoverageSlow",
        Fault = $"puts 1.1 s of delay on every link of node-{victim} while node-1 broadcasts",
        Needs = DrillNeeds.Linux,
        BreakAsync = (bench, _) =>
        {
            var flow = new Flow(3, _ => bench.Node(1).Api.BroadcastAsync("drill", CancellationToken.None), bench.Time);
            return Task.FromResult<IAsyncDisposable>(Delay(bench, victim, flow));
        },
        Expected = _ => [AlertBench.Of(victim)],
    };

    // The healthy messages keep the share of failing ones below the threshold of DeliveryFailing.
    public static AlertDrill DhtLookupsFailing(int victim) => new()
    {
        Alert = "DhtLookupsFailing",
        Fault = $"has node-{victim} send to one address after the other that nobody has, among many that somebody has",
        BreakAsync = (bench, _) =>
        {
            var healthy = bench.Send(victim, 40, () => bench.Node(1).Address);
            var lost = bench.Send(victim, 1, Guest.Nobody, TimeSpan.FromSeconds(10));
            return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
            {
                await lost.DisposeAsync();
                await healthy.DisposeAsync();
            }));
        },
        Expected = _ => [AlertBench.Of(victim)],
    };

    public static AlertDrill DeliveryFailing(int victim) => new()
    {
        Alert = "DeliveryFailing",
        Fault = $"has node-{victim} send half of its messages to addresses that nobody has",
        BreakAsync = (bench, _) => Task.FromResult<IAsyncDisposable>(bench.Send(victim, 4, Guest.Nobody, TimeSpan.FromSeconds(10))),
        Expected = _ => [AlertBench.Of(victim)],
    };

    // A backlog of more than a hundred that does not grow must not fire the alert; the drill checks this, too.
    public static AlertDrill DeliveryBacklogGrowing(int victim)
    {
        Guest? guest = null;
        return new()
        {
            Alert = "DeliveryBacklogGrowing",
            Fault = $"has node-{victim}, where {Backlog} messages wait for somebody who is away, accept 60 a second more, until that comes back",
            BeforeAsync = async (bench, stop) =>
            {
                bench.Node(victim).TakesMessages = false; // messages in flight at a scrape would look like growth
                guest = Guest.Create(bench);
                await Parallel.ForEachAsync(Enumerable.Range(0, Backlog), stop, async (_, token) =>
                    await bench.Node(victim).Api.SendAsync(guest.Address, "drill", token));
                var window = TimeLapse.Write(TimeLapse.Shorten(TimeSpan.FromMinutes(10)));
                await bench.UntilAsync(async () => await bench.CountAsync(
                    $"min_over_time(meshara_message_queue_size{{node=\"node-{victim}\"}}[{window}])", stop) >= Backlog, "the backlog has stood for a while", stop);
            },
            BreakAsync = (bench, stop) =>
            {
                var flow = bench.Send(victim, 60, () => guest!.Address);
                return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
                {
                    await flow.DisposeAsync();
                    await guest!.ArriveAsync(bench, stop);
                }));
            },
            Expected = _ => [AlertBench.Of(victim)],
            AfterAsync = (bench, _) =>
            {
                bench.Node(victim).TakesMessages = true;
                return Task.CompletedTask;
            },
        };
    }

    public static AlertDrill OldestMessageTooOld(int victim) => new()
    {
        Alert = "OldestMessageTooOld",
        Fault = $"has node-{victim} send one message to somebody who is away, until that comes back",
        BreakAsync = async (bench, stop) =>
        {
            var guest = Guest.Create(bench);
            await bench.Node(victim).Api.SendAsync(guest.Address, "are you there?", stop);
            return new Undo(() => guest.ArriveAsync(bench, stop));
        },
        Expected = _ => [AlertBench.Of(victim)],
    };

    public static AlertDrill HandshakeFailures(int victim) => new()
    {
        Alert = "HandshakeFailures",
        Fault = $"connects to node-{victim} twice a second and talks nonsense",
        BreakAsync = (bench, _) => Task.FromResult<IAsyncDisposable>(Nonsense(bench, victim, 2)),
        Expected = _ => [AlertBench.Of(victim)],
    };

    public static AlertDrill HighErrorRate(int victim) => new()
    {
        Alert = "HighErrorRate",
        Fault = $"connects to node-{victim} 40 times a second and talks nonsense",
        BreakAsync = (bench, _) => Task.FromResult<IAsyncDisposable>(Nonsense(bench, victim, 40)),
        Expected = bench => [bench.Scraped(victim).With(("type", "protocol"))],
    };

    public static AlertDrill PeerMisbehaving(int victim) => new()
    {
        Alert = "PeerMisbehaving",
        Fault = $"connects to node-{victim} with a real identity and sends messages whose signatures do not verify",
        BreakAsync = async (bench, stop) =>
        {
            var forger = bench.Own(new Forger());
            await forger.ConnectAsync(ListenPort(bench, victim), stop);
            return new Flow(2, stopped => forger.SendAsync(bench.Node(victim).Address, stopped), bench.Time);
        },
        Expected = _ => [AlertBench.Of(victim).With(("reason", "bad_signature"))],
    };

    public static AlertDrill MemoryExhaustion(int victim) => new()
    {
        Alert = "MemoryExhaustion",
        Fault = $"has the process of node-{victim} take more and more ballast, beyond 1 GB",
        PrepareAsync = (bench, _) =>
        {
            bench.Node(victim).Launch = bench.Node(victim).Launch with { Within = Ballast.Within(BallastFile(bench, victim)) };
            return Task.CompletedTask;
        },
        // Allocating a gigabyte takes a while, so most of it happens before the fault; the fault is the rest.
        BeforeAsync = async (bench, stop) =>
        {
            Ballast.Set(BallastFile(bench, victim), (long)(AlmostTooMuch - await MemoryAsync(bench, victim, stop)));
            await bench.UntilAsync(async () => await MemoryAsync(bench, victim, stop) > AlmostTooMuch - 50_000_000, "the ballast is there", stop);
        },
        BreakAsync = (bench, _) =>
        {
            Ballast.Set(BallastFile(bench, victim), (long)AlmostTooMuch + 200_000_000);
            return Task.FromResult<IAsyncDisposable>(new Undo(() => Ballast.Set(BallastFile(bench, victim), 0)));
        },
        Expected = bench => [bench.Scraped(victim)],
    };

    public static AlertDrill TelemetryExporterFailing(int victim)
    {
        OtlpSink? collector = null;
        return new()
        {
            Alert = "TelemetryExporterFailing",
            Fault = $"has the collector of node-{victim} refuse its metrics",
            PrepareAsync = async (bench, stop) =>
            {
                collector = bench.Own(await OtlpSink.StartAsync(stop));
                bench.Node(victim).Launch = bench.Node(victim).Launch.With(new Dictionary<string, string>
                {
                    ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Endpoint,
                    ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                    ["OTEL_METRIC_EXPORT_INTERVAL"] = "1000",
                });
            },
            BreakAsync = (_, _) =>
            {
                collector!.Refuses = "metrics";
                return Task.FromResult<IAsyncDisposable>(new Undo(() => collector.Refuses = null));
            },
            Expected = _ => [AlertBench.Of(victim).With(("signal", "metrics"))],
        };
    }

    // No export fails: each ends within the ten seconds after which a node gives up.
    public static AlertDrill SpansDropped(int victim)
    {
        OtlpSink? collector = null;
        return new()
        {
            Alert = "SpansDropped",
            Fault = $"has the collector of node-{victim} take eight seconds for each batch of spans",
            PrepareAsync = async (bench, stop) =>
            {
                collector = bench.Own(await OtlpSink.StartAsync(stop));
                bench.Node(victim).Launch = bench.Node(victim).Launch.With(new Dictionary<string, string>
                {
                    ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = $"{collector.Endpoint}/v1/traces",
                    ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
                    ["OTEL_TRACES_SAMPLER"] = "always_on",
                    // Enough for the spans that end while a batch is being sent to a fast collector.
                    ["OTEL_BSP_MAX_QUEUE_SIZE"] = "64",
                    ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "32",
                });
            },
            BreakAsync = (_, _) =>
            {
                collector!.Delay = TimeSpan.FromSeconds(8);
                return Task.FromResult<IAsyncDisposable>(new Undo(() => collector.Delay = TimeSpan.Zero));
            },
            Expected = _ => [AlertBench.Of(victim)],
        };
    }

    // To the victim, a broadcast seems to have taken as long as its clock is ahead.
    public static AlertDrill ClockSkewed(int victim)
    {
        FakeClock? clock = null;
        return new()
        {
            Alert = "ClockSkewed",
            Fault = $"sets the clock of node-{victim} ten minutes ahead while node-1 broadcasts",
            Needs = DrillNeeds.FakeClock,
            PrepareAsync = (bench, _) =>
            {
                clock = new FakeClock(bench.Node(victim).Folder + ".clock", TimeSpan.Zero);
                bench.Node(victim).Launch = bench.Node(victim).Launch.With(clock.Environment);
                return Task.CompletedTask;
            },
            BreakAsync = (bench, _) =>
            {
                FakeClock.Tidy(bench.Node(victim).ProcessId ?? throw new StackException($"node-{victim} ended by itself"));
                var flow = new Flow(3, _ => bench.Node(1).Api.BroadcastAsync("drill", CancellationToken.None), bench.Time);
                clock!.Offset = TimeSpan.FromMinutes(10);
                return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
                {
                    clock.Offset = TimeSpan.Zero;
                    await flow.DisposeAsync();
                }));
            },
            Expected = _ => [AlertBench.Of(victim)],
            Quiet = [AlertBench.Of(victim).With(("alertname", "BroadcastCoverageSlow"))],
        };
    }

    /// <summary>DiskFullPredicted and StorageFailed, which share a volume.</summary>
    public static (AlertDrill DiskFullPredicted, AlertDrill StorageFailed) Disk(int victim)
    {
        SmallVolume? volume = null;
        async Task MountAsync(AlertBench bench, CancellationToken stop)
        {
            if (volume is not null || !OperatingSystem.IsLinux())
                return;
            volume = bench.Own(await SmallVolume.MountAsync(bench.Node(victim).Folder, VolumeBytes, stop));
            bench.Node(victim).Launch = bench.Node(victim).Launch with { Within = volume.Within };
        }

        return (new()
        {
            Alert = "DiskFullPredicted",
            Fault = $"writes 16 MiB a second to the small volume with the data of node-{victim}",
            Needs = DrillNeeds.Root,
            PrepareAsync = async (bench, stop) =>
            {
                await MountAsync(bench, stop);
                volume!.Take(UsedBytes);
            },
            // The rule compares with half an hour ago.
            BeforeAsync = async (bench, stop) =>
            {
                var past = string.Create(CultureInfo.InvariantCulture, $"{TimeLapse.Shorten(TimeSpan.FromMinutes(30)).TotalSeconds:0}s");
                await bench.UntilAsync(async () => await bench.CountAsync(
                    $"count(meshara_storage_free_bytes{{node=\"node-{victim}\"}} offset {past})", stop) == 1, "the disk has a past", stop);
            },
            BreakAsync = (bench, _) =>
            {
                var writing = new Flow(4, _ =>
                {
                    lock (volume!)
                        volume.Take(4 * 1024 * 1024);
                    return Task.CompletedTask;
                }, bench.Time);
                return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
                {
                    await writing.DisposeAsync();
                    volume!.Free(); // also what was there before, so that the trend turns soon
                }));
            },
            Expected = _ => [AlertBench.Of(victim)],
        }, new()
        {
            Alert = "StorageFailed",
            Fault = $"fills the small volume with the data of node-{victim} to the last byte",
            Needs = DrillNeeds.Root,
            PrepareAsync = MountAsync,
            BreakAsync = async (bench, stop) =>
            {
                // Messages to the victim are retried over and over; more of them would trigger HighErrorRate as well.
                bench.Node(victim).GetsMessages = false;
                var full = new CancellationTokenSource();
                var filling = volume!.KeepFullAsync(full.Token); // it is full when this returns
                var end = new Undo(async () =>
                {
                    await full.CancelAsync();
                    await filling;
                    full.Dispose();
                    volume.Free();
                    bench.Node(victim).GetsMessages = true;
                });
                try
                {
                    await SendUntilFailedAsync(bench, victim, stop);
                    return end;
                }
                catch
                {
                    await end.DisposeAsync();
                    throw;
                }
            },
            Expected = _ => [AlertBench.Of(victim)],
            // One page per node at a time: a critical alert inhibits warnings about the same node.
            Quiet = [AlertBench.Of(victim).With(("alertname", "DiskFullPredicted")), AlertBench.Of(victim).With(("alertname", "DiskNearlyFull"))],
        });
    }

    /// <summary>Repeatedly connects to a node and sends bytes that are not TLS.</summary>
    public static Flow Nonsense(AlertBench bench, int victim, double perSecond) =>
        new(perSecond, stop => Stranger.TalkNonsenseAsync(ListenPort(bench, victim), stop), bench.Time);

    // The database has allocated space in advance, and only it knows how much still fits.
    private static Task SendUntilFailedAsync(AlertBench bench, int victim, CancellationToken stop)
    {
        var text = new string('-', 200_000);
        return bench.UntilAsync(async () =>
        {
            for (var i = 0; i < 4; i++)
                await bench.Node(2).Api.SendAsync(bench.Node(victim).Address, text, stop);
            return await bench.CountAsync($"meshara_storage_state{{node=\"node-{victim}\", state=\"failed\"}}", stop) == 1;
        }, $"node-{victim} notices that its disk is full", stop);
    }

    private static string BallastFile(AlertBench bench, int node) => Path.Combine(bench.Files.Data, $"node-{node}.ballast");

    private static Task<double> MemoryAsync(AlertBench bench, int node, CancellationToken stop) =>
        bench.CountAsync($"meshara_memory_usage_bytes{{node=\"node-{node}\"}}", stop);

    private static int ListenPort(AlertBench bench, int node) => bench.Node(node).Launch.ListenPort ?? bench.Node(node).MeshPort;

    private static Undo Delay(AlertBench bench, int victim, Flow flow)
    {
        bench.Mesh.Network!.SetConditions(victim, FarAway);
        return new Undo(async () =>
        {
            await flow.DisposeAsync();
            bench.Mesh.Network.SetConditions(victim, LinkConditions.Good);
        });
    }
}
