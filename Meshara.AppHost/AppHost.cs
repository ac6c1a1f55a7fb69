using Meshara.AppHost;
using Meshara.AppHost.Alerts;
using Meshara.AppHost.Dashboards;
using Meshara.AppHost.Logs;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Metrics;
using Meshara.AppHost.Servers;
using Meshara.AppHost.Traces;
using Meshara.AppHost.Traffic;
using Meshara.Harness;

// --help, --version
if (await StackApplication.AnswerAsync(args) is { } answered)
    return answered;

try
{
    var builder = await StackApplication.CreateBuilderAsync(args);
    var options = builder.Plan().Options;

    // Logs
    var logs = builder.AddElasticsearchStore();
    var kibana = builder.AddKibana(logs);
    var setup = builder.AddLogSetup(logs, kibana);
    builder.AddFilebeat(logs, setup);
    var exporter = builder.AddElasticsearchExporter(logs);

    // Metrics and traces
    var prometheus = builder.AddPrometheus();
    var jaeger = builder.AddJaeger(logs).WithMetricsFrom(prometheus);
    builder.AddTraceCleaner(logs);

    // Alerts
    var mailpit = builder.AddMailpit();
    var alertmanager = builder.AddAlertmanager(mailpit);

    // Mesh
    var mesh = builder.AddMesh("mesh", options.Nodes).WithTraces(jaeger);
    builder.AddTraffic("traffic", options.Traffic, mesh);

    // Dashboards
    var grafana = builder.AddGrafana(prometheus, logs);
    prometheus.Scraping(mesh, alertmanager, jaeger, exporter, grafana);

    return await builder.Build().RunStackAsync();
}
catch (StackException failure)
{
    return failure.Report(StackApplication.Name);
}
