using System.Globalization;
using Meshara.Harness;
using Meshara.Lab.Drills.Alerts.Faults;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>Drills of alerts about the monitoring itself.</summary>
internal static class StackDrills
{
    private static readonly Labels ChannelTest = Labels.Of(("alertname", "ChannelTest"), ("severity", "warning"));

    // Twice the longest interval between two signs of life.
    private static readonly TimeSpan Silence = 2 * TimeLapse.Shorten(TimeSpan.FromMinutes(3));

    public static AlertDrill Watchdog { get; } = new()
    {
        Alert = "Watchdog",
        Fault = "starts Prometheus, has a dead man's switch see signs of life, and stops it again, after which none comes",
        BeforeAsync = (bench, _) => bench.Monitoring.StopPrometheusAsync(),
        BreakAsync = async (bench, stop) =>
        {
            await bench.Monitoring.StartPrometheusAsync(stop);
            return new Undo(bench.Monitoring.StopPrometheusAsync);
        },
        Expected = _ => [Labels.Of()],
        ThenAsync = (bench, stop) =>
        {
            var seen = bench.Monitoring.Switch.Signs;
            return bench.UntilAsync(() => Task.FromResult(bench.Monitoring.Switch.Signs >= seen + 2), "the dead man's switch sees signs of life", stop);
        },
        AfterAsync = async (bench, stop) =>
        {
            var seen = bench.Monitoring.Switch.Signs;
            await Task.Delay(Silence, bench.Time, stop);
            if (bench.Monitoring.Switch.Signs != seen)
                throw new StackException("the dead man's switch is still told that all is well");
            await bench.Monitoring.StartPrometheusAsync(stop);
        },
    };

    public static AlertDrill PrometheusConfigReloadFailed { get; } = new()
    {
        Alert = "PrometheusConfigReloadFailed",
        Fault = "reloads a Prometheus whose configuration has a line it does not know",
        BreakAsync = (bench, stop) => SpoilAsync(Path.Combine(bench.Monitoring.PrometheusFolder, "prometheus.yml"), bench.Monitoring.Prometheus.ReloadAsync, stop),
        Expected = bench => [Of("prometheus", bench.Monitoring.Prometheus.Address)],
    };

    public static AlertDrill AlertmanagerConfigReloadFailed { get; } = new()
    {
        Alert = "AlertmanagerConfigReloadFailed",
        Fault = "reloads an Alertmanager whose configuration has a line it does not know",
        BreakAsync = (bench, stop) => SpoilAsync(Path.Combine(bench.Monitoring.AlertmanagerFolder, "alertmanager.yml"), bench.Monitoring.Alertmanager.ReloadAsync, stop),
        Expected = bench => [Of("alertmanager", bench.Monitoring.Alertmanager.Address)],
    };

    public static AlertDrill PrometheusRuleFailures { get; } = new()
    {
        Alert = "PrometheusRuleFailures",
        Fault = "adds a rule that matches many to many",
        BreakAsync = async (bench, stop) =>
        {
            var file = Path.Combine(bench.Monitoring.PrometheusFolder, "rules", "drill.yml");
            await File.WriteAllTextAsync(file, """
                groups:
                  - name: drill
                    rules:
                      - record: drill:peers:product
                        expr: meshara_connected_peers * on (cluster) meshara_membership_size
                """, stop);
            await bench.Monitoring.Prometheus.ReloadAsync(stop);
            return new Undo(async () =>
            {
                File.Delete(file);
                await bench.Monitoring.Prometheus.ReloadAsync(stop);
            });
        },
        Expected = bench => [Of("prometheus", bench.Monitoring.Prometheus.Address).With(("rule_group", "rules/drill.yml;drill"))],
    };

    // An Alertmanager that refuses everything could not report the alert, so this one refuses for three seconds and accepts for three.
    public static AlertDrill PrometheusNotificationsFailing()
    {
        StandIn? server = null;
        return new()
        {
            Alert = "PrometheusNotificationsFailing",
            Fault = "has the only Alertmanager refuse alerts half of the time",
            BeforeAsync = async (bench, stop) =>
            {
                server = bench.Own(await StandIn.StartAsync(bench.Monitoring.Alertmanager.Address, StandIn.Everything, stop));
                bench.Monitoring.WriteTargets("alertmanager", [(server.Target, null)]);
                await UntilScrapedAsync(bench, server.Target, stop);
                await UntilToldAsync(bench, server.Target, stop);
            },
            BreakAsync = (bench, _) =>
            {
                const string Scrapes = "/metrics";
                server!.Served = Scrapes;
                var flow = new Flow(1.0 / 3, _ =>
                {
                    server.Served = server.Served == Scrapes ? StandIn.Everything : Scrapes;
                    return Task.CompletedTask;
                }, bench.Time);
                return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
                {
                    await flow.DisposeAsync();
                    server.Served = StandIn.Everything;
                    RestoreAlertmanager(bench);
                }));
            },
            Expected = bench => [Of("prometheus", bench.Monitoring.Prometheus.Address)],
        };
    }

    // Prometheus takes up to five seconds to discover a target. So that this delay does not count, it knows the second one before
    // the fault.
    public static AlertDrill AlertmanagerMissing()
    {
        StandIn? second = null;
        return new()
        {
            Alert = "AlertmanagerMissing",
            Fault = "ends the second of two Alertmanagers",
            BeforeAsync = async (bench, stop) =>
            {
                second = await StandIn.StartAsync(bench.Monitoring.Alertmanager.Address, StandIn.Everything, stop);
                bench.Monitoring.WriteTargets("alertmanager", [(bench.Monitoring.Alertmanager.Address.Authority, null), (second.Target, null)]);
                await UntilToldAsync(bench, second.Target, stop);
            },
            BreakAsync = async (bench, _) =>
            {
                await second!.DisposeAsync();
                return new Undo(() => RestoreAlertmanager(bench));
            },
            Expected = bench => [Of("prometheus", bench.Monitoring.Prometheus.Address).With(("alertmanager", $"http://{second!.Target}/api/v2/alerts"))],
        };
    }

    public static AlertDrill RuleEvaluationsMissed { get; } = new()
    {
        Alert = "RuleEvaluationsMissed",
        Fault = "stops Prometheus for three seconds again and again",
        Needs = DrillNeeds.Linux,
        BreakAsync = (bench, _) => Task.FromResult<IAsyncDisposable>(
            new Stumbling(bench.Monitoring.PrometheusProcessId, bench.Files.Log("stumbling"), bench.Time)),
        Expected = bench => [Of("prometheus", bench.Monitoring.Prometheus.Address)],
    };

    public static AlertDrill SamplesNotIngested()
    {
        ExposedText? target = null;
        return new()
        {
            Alert = "SamplesNotIngested",
            Fault = "has a target say that its samples are of the next hour",
            BeforeAsync = async (bench, stop) =>
            {
                target = bench.Own(await ExposedText.StartAsync("drill_samples 1\n", stop));
                bench.Monitoring.WriteTargets("jaeger", [(target.Target, null)]);
                await bench.UntilAsync(async () => await bench.CountAsync("drill_samples", stop) == 1, "the target is scraped", stop);
            },
            BreakAsync = (bench, _) =>
            {
                var later = bench.Time.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
                target!.Text = string.Create(CultureInfo.InvariantCulture, $"drill_samples 1 {later}\n");
                return Task.FromResult<IAsyncDisposable>(new Undo(() => target.Text = "drill_samples 1\n"));
            },
            Expected = bench => [Of("prometheus", bench.Monitoring.Prometheus.Address).With(("reason", "out_of_bounds"))],
            AfterAsync = (bench, _) =>
            {
                bench.Monitoring.WriteTargets("jaeger", []);
                return Task.CompletedTask;
            },
        };
    }

    // With the only Alertmanager dead, nobody can be notified. So first its scrapes fail while it takes alerts; it is killed afterwards.
    public static AlertDrill AlertmanagerDown()
    {
        StandIn? server = null;
        return new()
        {
            Alert = "AlertmanagerDown",
            Fault = "lets the scrapes of Alertmanager fail while it still takes alerts; after that, kills it",
            BeforeAsync = async (bench, stop) =>
            {
                server = bench.Own(await StandIn.StartAsync(bench.Monitoring.Alertmanager.Address, StandIn.Everything, stop));
                bench.Monitoring.WriteTargets("alertmanager", [(server.Target, null)]);
                await UntilScrapedAsync(bench, server.Target, stop);
            },
            BreakAsync = (bench, stop) =>
            {
                server!.Served = "/api";
                return Task.FromResult<IAsyncDisposable>(new Undo(() =>
                {
                    RestoreAlertmanager(bench);
                    return UntilScrapedAsync(bench, bench.Monitoring.Alertmanager.Address.Authority, stop);
                }));
            },
            Expected = _ => [Labels.Of()],
            AfterAsync = async (bench, stop) =>
            {
                var down = Labels.Of(("alertname", "AlertmanagerDown"));
                await bench.Monitoring.KillAlertmanagerAsync();
                await bench.UntilAsync(() => bench.IsFiringAsync(down, stop), "Prometheus misses the killed Alertmanager", stop);
                await bench.Monitoring.StartAlertmanagerAsync(stop);
                await bench.UntilAsync(async () => !await bench.IsFiringAsync(down, stop), "Prometheus has Alertmanager back", stop);
            },
        };
    }

    // Alertmanager retries an unreachable server for at least ten seconds, whatever its configuration; an invalid address fails at once.
    public static AlertDrill AlertmanagerNotificationsFailing { get; } = new()
    {
        Alert = "AlertmanagerNotificationsFailing",
        Fault = "misspells the address that mails go to, and has Alertmanager told of something that is worth a mail; "
            + "after that, has the pager refuse a page",
        BreakAsync = async (bench, stop) =>
        {
            var respelled = await EditAsync(Path.Combine(bench.Monitoring.AlertmanagerFolder, "alertmanager.yml"),
                text => text.Replace("to: team@meshara.org", "to: team at meshara.org", StringComparison.Ordinal), bench.Monitoring.Alertmanager.ReloadAsync, stop);
            await bench.Monitoring.Alertmanager.AddAsync(ChannelTest, isOver: false, stop);
            return new Undo(async () =>
            {
                await bench.Monitoring.Alertmanager.AddAsync(ChannelTest, isOver: true, stop);
                await respelled.DisposeAsync();
            });
        },
        Expected = bench => [Of("alertmanager", bench.Monitoring.Alertmanager.Address).With(("integration", "email"))],
        // A broken channel cannot report itself, so each is tested with the other.
        AlsoTells = [Channel.Mail],
        AfterAsync = async (bench, stop) =>
        {
            var page = Labels.Of(("alertname", "ChannelTest"), ("severity", "critical"));
            bench.Monitoring.Pager.IsRefusing = true;
            await bench.Monitoring.Alertmanager.AddAsync(page, isOver: false, stop);
            await bench.UntilAsync(() => Task.FromResult(bench.Monitoring.Notifications.All.Any(note =>
                note is { Alert: "AlertmanagerNotificationsFailing", Channel: Channel.Mail, IsFiring: true }
                && note.Firing.Contains("integration=pagerduty", StringComparison.Ordinal))), "a mail says that the pager is broken", stop);
            bench.Monitoring.Pager.IsRefusing = false;
            await bench.Monitoring.Alertmanager.AddAsync(page, isOver: true, stop);
        },
    };

    // There is no Elasticsearch here, only imitated output of its exporter.
    public static AlertDrill LogsSilent()
    {
        const string Arrived = """elasticsearch_index_stats_indexing_index_total{cluster="docker-cluster",index=".ds-logs-meshara-default-2026.01.01-000001"}""";
        ExposedText? exporter = null;
        return new()
        {
            Alert = "LogsSilent",
            Fault = "has an exporter say that Elasticsearch begins anew, empty, and that no line arrives",
            BeforeAsync = async (bench, stop) =>
            {
                await bench.UntilAsync(async () => await bench.CountAsync("sum(increase(meshara_log_lines_total[15s]))", stop) > 0, "nodes write log lines", stop);
                exporter = bench.Own(await ExposedText.StartAsync($"{Arrived} 1\n", stop));
                bench.Monitoring.WriteTargets("elasticsearch", [(exporter.Target, null)]);
                await bench.UntilAsync(async () => await bench.CountAsync("up{job=\"elasticsearch\"}", stop) == 1, "the exporter is scraped", stop);
            },
            BreakAsync = (_, _) =>
            {
                exporter!.Text = $"{Arrived} 0\n";
                return Task.FromResult<IAsyncDisposable>(new Undo(() => exporter.Text = $"{Arrived} 1\n"));
            },
            Expected = _ => [Labels.Of(("cluster", Stack.Cluster))],
            AfterAsync = (bench, _) =>
            {
                bench.Monitoring.WriteTargets("elasticsearch", []);
                return Task.CompletedTask;
            },
        };
    }

    public static AlertDrill PrometheusTargetMissing()
    {
        StandIn? server = null;
        return new()
        {
            Alert = "PrometheusTargetMissing",
            Fault = "stops a server of the stack that Prometheus scrapes; then takes the targets of all nodes away",
            BeforeAsync = async (bench, stop) =>
            {
                server = await StandIn.StartAsync(bench.Monitoring.Alertmanager.Address, "/metrics", stop);
                bench.Monitoring.WriteTargets("prometheus", [(bench.Monitoring.Prometheus.Address.Authority, null), (server.Target, null)]);
                await bench.UntilAsync(async () => await bench.CountAsync("count(up{job=\"prometheus\"} == 1)", stop) == 2, "the server is scraped", stop);
            },
            BreakAsync = async (bench, _) =>
            {
                await server!.DisposeAsync();
                return new Undo(() =>
                {
                    bench.Monitoring.WriteTargets("prometheus", [(bench.Monitoring.Prometheus.Address.Authority, null)]);
                    bench.Monitoring.WriteTargets("meshara", bench.Monitoring.NodeTargets());
                });
            },
            Expected = _ => [Labels.Of(("job", "prometheus"), ("instance", server!.Target))],
            ThenAsync = async (bench, stop) =>
            {
                bench.Monitoring.WriteTargets("meshara", []);
                await bench.UntilAsync(() => bench.IsFiringAsync(Labels.Of(("alertname", "PrometheusTargetMissing"), ("job", "meshara")), stop), "the nodes' job is missed", stop);
            },
        };
    }

    private static Labels Of(string job, Uri address) => Labels.Of(("job", job), ("instance", address.Authority));

    private static void RestoreAlertmanager(AlertBench bench) =>
        bench.Monitoring.WriteTargets("alertmanager", [(bench.Monitoring.Alertmanager.Address.Authority, null)]);

    private static Task UntilScrapedAsync(AlertBench bench, string alertmanager, CancellationToken stop) => bench.UntilAsync(
        async () => await bench.CountAsync($"count(up{{job=\"alertmanager\", instance=\"{alertmanager}\"}} == 1)", stop) == 1
            && await bench.CountAsync("count(up{job=\"alertmanager\"})", stop) == 1, $"Alertmanager is scraped at {alertmanager} alone", stop);

    private static Task UntilToldAsync(AlertBench bench, string alertmanager, CancellationToken stop) => bench.UntilAsync(
        async () => await bench.CountAsync($"prometheus_notifications_sent_total{{alertmanager=\"http://{alertmanager}/api/v2/alerts\"}}", stop) > 0,
        $"Prometheus tells the Alertmanager at {alertmanager}", stop);

    private static Task<IAsyncDisposable> SpoilAsync(string file, Func<CancellationToken, Task> reload, CancellationToken stop) =>
        EditAsync(file, text => text + "\nno_such_setting: true\n", reload, stop);

    private static async Task<IAsyncDisposable> EditAsync(string file, Func<string, string> edit, Func<CancellationToken, Task> reload, CancellationToken stop)
    {
        var good = await File.ReadAllTextAsync(file, stop);
        var edited = edit(good);
        if (edited == good)
            throw new InvalidDataException($"{file} has nothing of what the drill changes");
        await File.WriteAllTextAsync(file, edited, stop);
        await reload(stop);
        return new Undo(async () =>
        {
            await File.WriteAllTextAsync(file, good, stop);
            await reload(stop);
        });
    }
}
