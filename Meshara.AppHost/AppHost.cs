using Meshara.AppHost.Hosting;
using Meshara.AppHost.Local;
using Meshara.AppHost.Resources;

// The tools of the local engine run under this very program.
if (LocalProgram.IsGuard(args))
    return await LocalProgram.GuardAsync(args);

return await AspireProgram.RunAsync(args, (builder, plan) =>
{
    // Secrets
    var secrets = builder.AddSecrets(plan);

    // Logs
    var logs = builder.AddLogPipeline(plan, secrets);

    // Metrics and traces
    var prometheus = builder.AddPrometheus(plan);
    var jaeger = builder.AddJaeger(plan, logs, prometheus);

    // Alerts
    var mailpit = builder.AddMailpit(plan);
    var alertmanager = builder.AddAlertmanager(plan, secrets, mailpit);

    // Nodes
    var nodes = builder.AddMesh(plan, secrets, jaeger);
    prometheus.Scraping(plan, nodes, alertmanager, jaeger);

    // Dashboards
    builder.AddGrafana(plan, secrets, prometheus, logs);
});
