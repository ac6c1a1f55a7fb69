using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Meshara.Lab.Drills.Faults;
using Meshara.Tests.Alerts;
using Meshara.Tests.Telemetry;

namespace Meshara.Tests.Dashboards;

/// <summary>Checks of the dashboard files that Grafana, operators and the rest of the repository rely on.</summary>
public sealed partial class DashboardTests
{
    private const string RunbookBase = "https://github.com/meshara/meshara/blob/main/docs/runbooks/";

    private static readonly JsonSerializerOptions AsGrafanaWrites =
        new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Grafana's own variables: https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/#global-variables.
    /// </summary>
    private static readonly string[] Builtin = ["__all", "__rate_interval", "__range", "__from", "__to", "__url_time_range", "__value", "__field"];

    public static TheoryData<string> Files => [.. DashboardFiles.Dashboards.Select(dashboard => dashboard.File)];

    public static TheoryData<string> AlertNames => AlertRuleTests.AlertNames;

    [Fact]
    public void There_are_five_and_the_overview_is_the_seeds() => Assert.Equal(
        [
            ("delivery.json", "meshara-delivery", "Meshara Delivery"), ("meshara.json", "meshara-overview", "Meshara Network Overview"),
            ("node.json", "meshara-node", "Meshara Node"), ("routing.json", "meshara-routing", "Meshara Routing and Gossip"), ("stack.json", "meshara-stack", "Meshara Telemetry and Stack"),
        ],
        DashboardFiles.Dashboards.Select(dashboard => (dashboard.File, dashboard.Uid, dashboard.Title)));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_dashboard_is_what_Grafana_13_understands(string file) => Assert.Empty(GrafanaModel.Faults(Find(file)));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_is_formatted_as_Grafana_exports_it(string file) =>
        Assert.Equal(JsonSerializer.Serialize(Find(file).Json, AsGrafanaWrites) + "\n", File.ReadAllText(Path.Combine(DashboardFiles.Folder, file)));

    [Theory]
    [MemberData(nameof(Files))]
    public void A_dashboard_says_what_it_is_for_and_can_be_edited(string file)
    {
        var dashboard = Find(file);
        Assert.NotEmpty(Dashboard.Text(dashboard.Json, "description"));
        Assert.True(dashboard.Json.GetProperty("editable").GetBoolean());
        Assert.Equal(["Alerts", "Restarts"], dashboard.Annotations.Select(annotation => Dashboard.Text(annotation, "name")));
        var named = dashboard.Variables.Select(variable => Dashboard.Text(variable, "name")).ToList();
        Assert.Contains("node", named);
        Assert.Contains("interval", named);
        Assert.All(dashboard.Variables, variable => Assert.NotEmpty(Dashboard.Text(variable, "description")));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_server_that_a_dashboard_asks_can_be_chosen_and_is_at_first_the_provisioned_one(string file)
    {
        var variables = Find(file).Variables;
        var chosen = variables.Where(variable => Dashboard.Text(variable, "type") == "datasource").ToDictionary(
            variable => (Dashboard.Text(variable, "name"), Dashboard.Text(variable, "query")),
            variable => Dashboard.Text(variable.GetProperty("current"), "value"));
        Assert.Equal(
            DashboardFiles.DataSources.Values.Where(source => source.Type != "alertmanager").Select(source => ((source.Type, source.Type), source.Uid)).Order(),
            chosen.Select(one => (one.Key, one.Value)).Order());
        // Grafana resolves variables in order, and those that query a server need the data source.
        Assert.Equal(chosen.Count, variables.TakeWhile(variable => Dashboard.Text(variable, "type") == "datasource").Count());
        // Nothing else may name a server, not even in links.
        var text = File.ReadAllText(Path.Combine(DashboardFiles.Folder, file));
        Assert.DoesNotMatch("(\"uid\": ?\"|%22uid%22%3A%22|datasource%22%3A%22)(prometheus|jaeger|elasticsearch)", text);
        // Links pass the choice on to the next dashboard.
        Assert.All(ToDashboard().Matches(text).Select(match => match.Groups["url"].Value), url => Assert.All(chosen.Keys, one =>
            Assert.Contains($"&${{{one.Item1}:queryparam}}", url, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_panel_says_what_it_shows_what_is_normal_and_under_which_drill(string file)
    {
        var panels = Find(file).Panels;
        Assert.Equal(panels.Select(panel => panel.Title).Distinct(), panels.Select(panel => panel.Title));
        Assert.All(panels, panel =>
        {
            Assert.NotEmpty(panel.Title);
            Assert.Matches(Described(), panel.Description);
            Assert.NotEmpty(Dashboard.Text(panel.Defaults, "noValue"));
            var drill = Assert.Single(panel.Drills);
            Assert.Contains(drill, FaultCatalogue.Names.Concat(AlertFiles.AlertRules.Select(rule => $"alert {rule.Alert}")));
        });
    }

    [Fact]
    public void The_panels_of_the_seed_are_there_with_its_queries()
    {
        string[] Expressions(string title) => [.. Seed(title).Targets.Select(target => Dashboard.Text(target, "expr"))];
        Panel Seed(string title) => DashboardFiles.Panels.Single(panel => panel.Dashboard.Uid == "meshara-overview" && panel.Title == title);

        Assert.Collection(Expressions("Message Throughput"),
            sent => Assert.Contains("rate(meshara_messages_sent_total{", sent, StringComparison.Ordinal),
            received => Assert.Contains("rate(meshara_messages_received_total{", received, StringComparison.Ordinal));
        Assert.Equal(["Sent - {{message_type}}", "Received - {{message_type}}"], Seed("Message Throughput").Targets.Select(target => Dashboard.Text(target, "legendFormat")));
        Assert.Equal("heatmap", Seed("Message Latency").Type);
        Assert.Contains("meshara_message_latency_seconds_bucket{", Assert.Single(Expressions("Message Latency")), StringComparison.Ordinal);
        Assert.Equal(["0.5", "0.95", "0.99"], Expressions("Message Latency p50 p95 p99").Select(expression => Quantile().Match(expression).Groups["p"].Value));
        Assert.Equal("gauge", Seed("Connected Peers").Type);
        Assert.StartsWith("meshara_connected_peers{", Assert.Single(Expressions("Connected Peers")), StringComparison.Ordinal);
        Assert.InRange(Dashboard.Elements(Seed("Connected Peers").Defaults.GetProperty("thresholds"), "steps").Count, 2, 5);
        Assert.StartsWith("sum by (type) (rate(meshara_errors_total{", Assert.Single(Expressions("Error Rate")), StringComparison.Ordinal);
        Assert.Contains("meshara_memory_usage_bytes{", Assert.Single(Expressions("Resource Usage: Memory")), StringComparison.Ordinal);
        Assert.Contains("meshara_cpu_usage_percent{", Assert.Single(Expressions("Resource Usage: CPU")), StringComparison.Ordinal);
        Assert.Contains("rate(meshara_disk_io_bytes_total{", Assert.Single(Expressions("Resource Usage: Disk I/O")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void An_alert_has_a_panel_on_the_dashboard_that_its_notification_links_to(string alert)
    {
        var uid = DashboardLink().Match(AlertFiles.AlertRules.Single(rule => rule.Alert == alert).Annotations["dashboard_url"]).Groups["uid"].Value;
        Assert.Contains(DashboardFiles.Panels, panel => panel.Dashboard.Uid == uid && panel.Alerts.Contains(alert));
    }

    [Fact]
    public void A_panel_names_alerts_that_exist_and_links_to_their_runbooks()
    {
        var runbooks = AlertFiles.AlertRules.Select(rule => rule.Alert!).ToHashSet(StringComparer.Ordinal);
        Assert.All(DashboardFiles.Panels, panel =>
        {
            Assert.Subset(runbooks, panel.Alerts.ToHashSet(StringComparer.Ordinal));
            Assert.Equal(panel.Alerts.Select(alert => $"{RunbookBase}{alert}.md"), Dashboard.Elements(panel.Json, "links").Select(link => Dashboard.Text(link, "url")));
        });
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_query_uses_variables_that_exist_and_no_fixed_window_where_the_step_decides(string file)
    {
        var dashboard = Find(file);
        var known = dashboard.Variables.Select(variable => Dashboard.Text(variable, "name")).Concat(Builtin).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(PromQuery.VariablesIn(dashboard.Json.GetRawText()).Except(known));
        // Graphs must take averages over the step; only instant queries give a window.
        Assert.All(dashboard.Panels.SelectMany(panel => panel.Queries).Where(query => !query.IsInstant), query => Assert.DoesNotMatch(FixedRate(), query.Expression));
    }

    [Fact]
    public void Links_lead_to_dashboards_runbooks_saved_objects_and_data_sources_that_exist()
    {
        var uids = DashboardFiles.Dashboards.Select(dashboard => dashboard.Uid).ToHashSet(StringComparer.Ordinal);
        var texts = DashboardFiles.Paths().Append(Path.Combine(DashboardFiles.Folder, "provisioning", "datasources", "meshara.yml")).Select(File.ReadAllText).ToList();
        Assert.Subset(uids, texts.SelectMany(text => DashboardLink().Matches(text)).Select(match => match.Groups["uid"].Value).ToHashSet());

        var runbooks = AlertFiles.RunbookPaths().Select(path => Path.GetFileName(path)!).Concat(["README.md", "${__value.raw}.md"]).ToHashSet(StringComparer.Ordinal);
        var linked = texts.SelectMany(text => Runbook().Matches(text)).Select(match => match.Groups["file"].Value).ToHashSet();
        Assert.Subset(runbooks, linked);
        Assert.Contains("${__value.raw}.md", linked); // for any alert in the table of alerts

        var saved = File.ReadLines(Path.Combine(AlertFiles.Root, "logging", "kibana", "logs.ndjson")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(entry => entry.TryGetProperty("type", out _)).Select(entry => $"{Dashboard.Text(entry, "type")}s {Dashboard.Text(entry, "id")}").ToHashSet(StringComparer.Ordinal);
        var kept = texts.SelectMany(text => Kibana().Matches(text)).Select(match => $"{match.Groups["type"].Value} {match.Groups["id"].Value}").ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(kept);
        Assert.Subset(saved, kept);

        var explored = texts.SelectMany(text => Explore().Matches(text)).Select(match => JsonDocument.Parse(Uri.UnescapeDataString(match.Groups["panes"].Value)).RootElement.GetProperty("a")).ToList();
        Assert.NotEmpty(explored);
        Assert.All(explored, pane =>
        {
            Assert.Contains(Dashboard.Text(pane, "datasource"), DashboardFiles.DataSources.Values.Select(source => $"${{{source.Type}}}"));
            Assert.All(Dashboard.Elements(pane, "queries"), query => Assert.Equal(Dashboard.Text(pane, "datasource"), Dashboard.Text(query.GetProperty("datasource"), "uid")));
        });
    }

    [Fact]
    public void Every_recorded_series_and_span_is_one_that_there_is()
    {
        var recorded = AlertFiles.Rules.Select(rule => rule.Record).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var used = DashboardFiles.Paths().SelectMany(path => Recorded().Matches(File.ReadAllText(path))).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(used);
        Assert.Subset(recorded, used);

        var spans = DashboardFiles.Panels.Where(panel => panel.DataSource == "jaeger").SelectMany(panel => panel.Targets)
            .Select(target => Dashboard.Text(target, "operation")).Where(operation => operation.Length > 0).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(spans);
        Assert.Subset(SpanContract.Load().Keys.ToHashSet(), spans);
    }

    [Fact]
    public void What_is_asked_of_the_logs_is_in_the_contract()
    {
        var events = EventContract.Documented();
        var fields = events.SelectMany(one => one.Fields.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Concat(["level", "event", "span.node_id", "trace_id", "log.file.path"]).ToHashSet(StringComparer.Ordinal); // Filebeat adds the file
        var queries = DashboardFiles.Panels.Where(panel => panel.DataSource == "elasticsearch").SelectMany(panel => panel.Targets).Select(target => Variable().Replace(Dashboard.Text(target, "query"), "")).ToList();
        Assert.NotEmpty(queries);
        Assert.Subset(fields, queries.SelectMany(query => LogField().Matches(query)).Select(match => match.Groups["field"].Value).ToHashSet());
        Assert.Subset(events.Select(one => one.Name).ToHashSet(), queries.SelectMany(query => LogEvent().Matches(query)).Select(match => match.Value).Except(["OR", "AND"]).ToHashSet());

        var graph = Assert.Single(DashboardFiles.Panels, panel => panel.Type == "nodeGraph");
        var used = Dashboard.Elements(graph.Json, "transformations")[0].GetProperty("options").GetProperty("fields").EnumerateObject().Select(field => field.Name);
        Assert.Subset(fields, used.Where(field => field != "_id").ToHashSet());
    }

    [Fact]
    public void The_tour_names_dashboards_panels_and_variables_that_exist_and_shows_small_pictures()
    {
        var docs = Path.Combine(AlertFiles.Root, "docs");
        var tour = File.ReadAllText(Path.Combine(docs, "operating.md"));
        var known = DashboardFiles.Panels.Select(panel => panel.Title)
            .Concat(DashboardFiles.Dashboards.SelectMany(dashboard => dashboard.Variables).Select(variable => Dashboard.Text(variable, "label"))).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(known, Italic().Matches(tour).Select(match => match.Groups["name"].Value).ToHashSet());
        Assert.Equal(DashboardFiles.Dashboards.Select(dashboard => dashboard.Title).Order(), Bold().Matches(tour).Select(match => match.Groups["name"].Value).Distinct().Order());
        Assert.All(Link().Matches(tour).Select(match => Path.Combine(docs, match.Groups["target"].Value)), file => Assert.True(File.Exists(file), file));
        Assert.All(Directory.GetFiles(Path.Combine(docs, "images"), "operating-*"), file => Assert.InRange(new FileInfo(file).Length, 1, 200_000));
    }

    private static Dashboard Find(string file) => DashboardFiles.Dashboards.Single(dashboard => dashboard.File == file);

    // What the panel shows and what is normal; then the drill; only alerts may follow.
    [GeneratedRegex(@"\A[^\n]+Normal: [^\n]+\n\nDrill: [^\n]+(\n\nAlert: \w+)*\z|\ANormal: [^\n]+\n\nDrill: [^\n]+(\n\nAlert: \w+)*\z")]
    private static partial Regex Described();

    [GeneratedRegex(@"histogram_quantile\((?<p>[0-9.]+)")]
    private static partial Regex Quantile();

    [GeneratedRegex(@"\brate\([^\[]*\[(?!\$__rate_interval\])")]
    private static partial Regex FixedRate();

    [GeneratedRegex(@"/d/(?<uid>[a-z-]+)")]
    private static partial Regex DashboardLink();

    [GeneratedRegex(@"""url"": ""(?<url>/d/[^""]+)""")]
    private static partial Regex ToDashboard();

    [GeneratedRegex(RunbookBase + @"(?<file>[^""]+)")]
    private static partial Regex Runbook();

    [GeneratedRegex(@"/app/(?<type>dashboards)#/view/(?<id>[a-z-]+)")]
    private static partial Regex Kibana();

    [GeneratedRegex(@"/explore\?schemaVersion=1&orgId=1&panes=(?<panes>[^""]+)")]
    private static partial Regex Explore();

    [GeneratedRegex(@"(?<!\*)\*(?<name>[^*\s][^*\n]*)\*(?!\*)")]
    private static partial Regex Italic();

    [GeneratedRegex(@"\*\*(?<name>[^*]+)\*\*")]
    private static partial Regex Bold();

    [GeneratedRegex(@"\]\((?<target>(?!https?:)[^)#]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("cluster(_node|_le|_outcome|_node_outcome)?:(meshara|process)_[a-z_]+:[a-z0-9_]+")]
    private static partial Regex Recorded();

    [GeneratedRegex(@"\$\{[^}]*\}")]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?<field>[a-z][a-z_.]*):")]
    private static partial Regex LogField();

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+\b(?!"")")]
    private static partial Regex LogEvent();
}
