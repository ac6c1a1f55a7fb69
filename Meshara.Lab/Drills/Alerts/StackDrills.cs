using Meshara.AppHost;
using Meshara.Lab.Drills.Alerts.Faults;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>The watchers themselves.</summary>
internal static class StackDrills
{
    // Prometheus looks at its discovered targets this often, whatever a file says.
    private static readonly TimeSpan Discovery = TimeSpan.FromSeconds(5);

    public static AlertDrill Watchdog { get; } = new()
    {
        Alert = "Watchdog",
        Fault = "starts Prometheus, and stops it again to see the alert go",
        BeforeAsync = (bench, _) => bench.Monitoring.StopPrometheusAsync(),
        BreakAsync = async (bench, stop) =>
        {
            await bench.Monitoring.StartPrometheusAsync(stop);
            return new Undo(bench.Monitoring.StopPrometheusAsync);
        },
        Expected = _ => [Labels.Of()],
        AfterAsync = (bench, stop) => bench.Monitoring.StartPrometheusAsync(stop),
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

    public static AlertDrill PrometheusNotificationsFailing { get; } = new()
    {
        Alert = "PrometheusNotificationsFailing",
        Fault = "gives Prometheus a second Alertmanager, which refuses every alert",
        Lead = Discovery,
        BreakAsync = async (bench, stop) =>
        {
            var refusing = await RefusingServer.StartAsync(behind: null, "/", stop);
            bench.Monitoring.WriteTargets("alertmanager", [(bench.Monitoring.Alertmanager.Address.Authority, null), (refusing.Target, null)]);
            return new Undo(async () =>
            {
                RestoreAlertmanager(bench);
                await refusing.DisposeAsync();
            });
        },
        Expected = bench => [Of("prometheus", bench.Monitoring.Prometheus.Address)],
    };

    // With the only Alertmanager dead nobody can be told. So first it takes alerts and fails its scrapes; then it dies.
    public static AlertDrill AlertmanagerDown { get; } = new()
    {
        Alert = "AlertmanagerDown",
        Fault = "lets the scrapes of Alertmanager fail while it still takes alerts; after that, kills it",
        Lead = Discovery,
        BreakAsync = async (bench, stop) =>
        {
            var refusing = await RefusingServer.StartAsync(bench.Monitoring.Alertmanager.Address, "/api", stop);
            bench.Monitoring.WriteTargets("alertmanager", [(refusing.Target, null)]);
            return new Undo(async () =>
            {
                RestoreAlertmanager(bench);
                await bench.UntilAsync(async () => await bench.CountAsync("count(up{job=\"alertmanager\"} == 1)", stop) == 1, "Alertmanager is scraped", stop);
                await refusing.DisposeAsync();
            });
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

    public static AlertDrill AlertmanagerNotificationsFailing { get; } = new()
    {
        Alert = "AlertmanagerNotificationsFailing",
        Fault = "stops the mail server while somebody disturbs node-1, which is worth a mail",
        // The disturbance becomes a warning, and Alertmanager tries to mail it for as long again.
        Lead = TimeLapse.Shorten(TimeSpan.FromMinutes(5)) * 2,
        BreakAsync = async (bench, _) =>
        {
            await bench.Monitoring.Mail.StopAsync();
            var nonsense = NodeDrills.Nonsense(bench, 1, 2);
            return new Undo(async () =>
            {
                await nonsense.DisposeAsync();
                bench.Monitoring.Mail.Start();
            });
        },
        Expected = bench => [Of("alertmanager", bench.Monitoring.Alertmanager.Address).With(("integration", "email"))],
        // A broken channel cannot report itself, so both are tried.
        AlsoTells = [Channel.Mail],
    };

    public static AlertDrill PrometheusTargetMissing()
    {
        RefusingServer? server = null;
        return new()
        {
            Alert = "PrometheusTargetMissing",
            Fault = "stops a server of the stack that Prometheus scrapes; then takes the targets of all nodes away",
            BeforeAsync = async (bench, stop) =>
            {
                server = await RefusingServer.StartAsync(bench.Monitoring.Alertmanager.Address, "/metrics", stop);
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

    private static async Task<IAsyncDisposable> SpoilAsync(string file, Func<CancellationToken, Task> reload, CancellationToken stop)
    {
        var good = await File.ReadAllTextAsync(file, stop);
        await File.WriteAllTextAsync(file, good + "\nno_such_setting: true\n", stop);
        await reload(stop);
        return new Undo(async () =>
        {
            await File.WriteAllTextAsync(file, good, stop);
            await reload(stop);
        });
    }
}
