using Meshara.Tests.Alerts;

namespace Meshara.Tests.Dashboards;

public sealed class ProvisioningTests
{
    [Fact]
    public void Data_sources_have_the_uids_that_everything_links_to() => Assert.Equal(
        [("alertmanager", "alertmanager"), ("elasticsearch", "elasticsearch"), ("jaeger", "jaeger"), ("prometheus", "prometheus")],
        DashboardFiles.DataSources.Values.Select(source => (source.Uid, source.Type)).Order());

    [Fact]
    public void Metrics_traces_and_logs_lead_to_each_other()
    {
        var sources = DashboardFiles.DataSources;
        var exemplar = Assert.Single(List(sources["prometheus"].JsonData["exemplarTraceIdDestinations"]));
        Assert.Equal(("trace_id", "jaeger"), (exemplar["name"], exemplar["datasourceUid"]));

        var toLogs = Map(sources["jaeger"].JsonData["tracesToLogsV2"]);
        Assert.Equal(("elasticsearch", "trace_id:\"$${__trace.traceId}\""), (toLogs["datasourceUid"], toLogs["query"]));
        Assert.Equal("prometheus", Map(sources["jaeger"].JsonData["tracesToMetrics"])["datasourceUid"]);

        var links = List(sources["elasticsearch"].JsonData["dataLinks"]);
        Assert.Equal(["trace_id", "message_id"], links.Select(link => link["field"]));
        Assert.Equal("jaeger", links[0]["datasourceUid"]);
    }

    [Fact]
    public void A_dollar_sign_is_doubled_unless_it_names_a_variable_of_the_environment()
    {
        // Grafana replaces $NAME and ${NAME} with environment variables, so any other dollar sign must be doubled.
        var used = DashboardFiles.DataSources.Values.SelectMany(source => Texts(source.JsonData).Concat(source.SecureJsonData.Values).Append(source.Url).Append(source.BasicAuthUser ?? ""))
            .Where(text => text.Contains('$', StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(used);
        Assert.All(used, text => Assert.Matches(@"\A(\$ELASTICSEARCH_(USERNAME|PASSWORD)|([^$]|\$\$)+)\z", text));
    }

    [Fact]
    public void Secrets_come_from_the_environment() => Assert.All(
        DashboardFiles.DataSources.Values.SelectMany(source => source.SecureJsonData.Values), secret => Assert.Matches(@"\A\$[A-Z_]+\z", secret));

    [Fact]
    public void The_step_of_Prometheus_is_its_scrape_interval() => Assert.Contains(
        $"scrape_interval: {DashboardFiles.DataSources["prometheus"].JsonData["timeInterval"]}\n", File.ReadAllText(Path.Combine(AlertFiles.Alerts, "prometheus.yml")), StringComparison.Ordinal);

    [Fact]
    public void Dashboards_are_found_and_can_be_edited_in_Grafana()
    {
        var provider = Assert.Single(DashboardFiles.Providers);
        Assert.Equal(("file", true, "/etc/grafana/dashboards"), (provider.Type, provider.AllowUiUpdates, provider.Options["path"]));
        Assert.Contains("`/etc/grafana/dashboards/`", File.ReadAllText(Path.Combine(DashboardFiles.Folder, "README.md")), StringComparison.Ordinal);
    }

    private static Dictionary<object, object> Map(object value) => Assert.IsType<Dictionary<object, object>>(value);

    private static List<Dictionary<object, object>> List(object value) => [.. Assert.IsType<List<object>>(value).Select(Map)];

    private static IEnumerable<string> Texts(object value) => value switch
    {
        string text => [text],
        Dictionary<string, object> map => map.Values.SelectMany(Texts),
        Dictionary<object, object> map => map.Values.SelectMany(Texts),
        List<object> list => list.SelectMany(Texts),
        _ => [],
    };
}
