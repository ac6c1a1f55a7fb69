using System.Globalization;
using System.Text.Json;
using Meshara.Tests.Alerts;
using Meshara.Tests.Logging;
using Meshara.Tests.Otlp;

namespace Meshara.Tests.Telemetry;

/// <summary>docs/telemetry.md against what nodes emit: nothing undocumented is emitted, and nothing documented is missing.</summary>
[Collection(ExportCollection.Name)]
public sealed class ContractTests(ContractRun run) : IClassFixture<ContractRun>
{
    /// <summary>
    /// Label values that cannot be provoked within seconds, with the reason. Each is covered by its own test, or by code that
    /// runs when a disk is full.
    /// </summary>
    private static readonly Dictionary<string, string> NotProvoked = new(StringComparer.Ordinal)
    {
        ["meshara_connection_errors_total reason=network"] = "a connection that breaks inside TLS, which a proxy on loopback cannot cause at will",
        ["meshara_connections_closed_total reason=network"] = "as above",
        ["meshara_connection_errors_total reason=refused"] = "a peer on another machine; Transport/AddressLimitTests has one",
        ["meshara_errors_total type=network"] = "the listening socket has to fail, as when the process has no file descriptors left",
        ["meshara_errors_total type=storage"] = "a disk that is full or broken; Storage/DiskFaultTests has one",
        ["meshara_identity_clones identity=own"] = "two programs with one identity; Transport/CloneTests has them",
        ["meshara_identity_clones identity=peer"] = "as above",
        ["meshara_health_status check=peers"] = "0 for a node that has lost its peers, as some have when the run ends",
        ["meshara_storage_state state=slow"] = "a slow disk; Storage/SqliteStoreTests has one",
        ["meshara_storage_state state=failed"] = "a full one; Storage/DiskFaultTests has it",
        ["meshara_inbox_evictions_total kind=read"] = "an inbox at its limits; Storage/InboxLimitContract has one",
        ["meshara_inbox_evictions_total kind=unread"] = "as above",
        ["meshara_inbox_evictions_total kind=broadcast"] = "as above",
        ["meshara_log_lines_lost_total output=stdout"] = "a pipe that nobody reads; ServiceDefaults/LogOutputTests has one",
        ["meshara_log_lines_lost_total output=files"] = "a folder that cannot be written, as there",
        ["meshara_telemetry_export_failures_total signal=traces"] = "a collector that refuses; ServiceDefaults/TelemetryTests has one",
        ["meshara_telemetry_export_failures_total signal=metrics"] = "as above",
        ["meshara_telemetry_export_failures_total signal=logs"] = "as above",
        ["meshara_log_lines_total level=error"] = "a failure; ServiceDefaults/TelemetryTests logs one",
        ["meshara_log_lines_total level=warn"] = "as above",
        ["meshara_log_lines_total level=trace"] = "what libraries log when they are asked to",
        ["messaging_client_sent_messages_total error_type=storage"] = "a disk that is full or broken; Delivery/DiskFailureTests has one",
        ["messaging_client_sent_messages_total error_type=_OTHER"] = "a request that is cancelled at the right moment",
        ["messaging_client_operation_duration_seconds error_type=storage"] = "as above",
        ["messaging_client_operation_duration_seconds error_type=_OTHER"] = "as above",
        ["messaging_process_duration_seconds error_type=storage"] = "a disk that is full or broken; Delivery/DiskFailureTests has one",
        ["messaging_process_duration_seconds error_type=inbox_full"] = "as for meshara_messages_dropped_total",
        ["messaging_process_duration_seconds error_type=_OTHER"] = "what no code raises today",
        ["meshara_messages_dropped_total reason=inbox_full"] = "an inbox with small limits that nobody reads; Delivery/InboxFullTests has one",
    };

    /// <summary>Parents that need more nodes or luck to occur; when they occur, they must be as documented.</summary>
    private static readonly HashSet<(string Child, string Parent)> ParentsNotProvoked =
    [
        ("forward_message", "forward_message"), // two relays in a row
        ("gossip_forward", "gossip_forward"), ("gossip_forward", SpanContract.None), // only what a push has missed is asked for
    ];

    private readonly TelemetryContract _contract = TelemetryContract.Load();

    [Fact]
    public void Every_metric_is_documented_and_every_documented_metric_is_there() => Assert.Equal(
        _contract.Metrics.Keys.Order(StringComparer.Ordinal),
        run.Scraped.Select(family => family.Name).Concat(run.Metrics.Select(PrometheusName)).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Types_are_as_documented() => Assert.Equal(
        _contract.Metrics.Select(metric => $"{metric.Key} {metric.Value.Type}").Order(StringComparer.Ordinal),
        run.Scraped.Select(family => $"{family.Name} {family.Type}").Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Units_are_as_documented() => Assert.Equal(
        _contract.Metrics.Select(metric => $"{metric.Key} {metric.Value.Unit}").Order(StringComparer.Ordinal),
        run.Metrics.Select(metric => $"{PrometheusName(metric)} {metric.Unit}").Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Histograms_have_the_documented_buckets() => Assert.Equal(
        _contract.Metrics.Where(metric => metric.Value.IsHistogram).Select(metric => $"{metric.Key} {string.Join(' ', metric.Value.Bounds)}").Order(StringComparer.Ordinal),
        run.Metrics.Where(metric => metric.Type == "histogram")
            .SelectMany(metric => metric.Points.Select(point => $"{PrometheusName(metric)} {string.Join(' ', point.Bounds.Select(bound => bound.ToString(CultureInfo.InvariantCulture)))}"))
            .Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Labels_are_as_documented() => Assert.Equal(
        _contract.Metrics.SelectMany(metric => LabelSets(metric.Value).Select(labels => $"{metric.Key} {string.Join(' ', labels.Order(StringComparer.Ordinal))}")).Order(StringComparer.Ordinal),
        run.Scraped.SelectMany(family => family.Samples.Select(sample => (family.Name, sample.Keys)))
            .Concat(run.Metrics.SelectMany(metric => metric.Points.Select(point => (PrometheusName(metric), point.Attributes.Keys.Select(PrometheusLabel)))))
            .Select(series => $"{series.Item1} {string.Join(' ', series.Item2.Where(label => label != "le").Order(StringComparer.Ordinal))}")
            .Distinct().Order(StringComparer.Ordinal));

    private static IEnumerable<IEnumerable<string>> LabelSets(TelemetryContract.Metric metric) =>
        metric.Optional.Count == 0 ? [metric.Labels.Keys] : [metric.Labels.Keys, metric.Labels.Keys.Except(metric.Optional)];

    [Fact]
    public void Label_values_are_the_documented_ones()
    {
        var documented = _contract.Metrics.SelectMany(metric => metric.Value.Labels
            .SelectMany(label => label.Value.Select(value => $"{metric.Key} {label.Key}={value}"))).ToHashSet(StringComparer.Ordinal);
        var emitted = Values(family => family.Samples, _ => true);
        // A series that every node exposes from the start with value 0 proves nothing.
        var counted = Values(family => family.Counted, point => point.Value != 0);

        Assert.Empty(emitted.Except(documented));
        Assert.Empty(documented.Except(counted).Except(NotProvoked.Keys));
        Assert.Empty(NotProvoked.Keys.Except(documented));

        HashSet<string> Values(Func<Family, IEnumerable<IReadOnlyDictionary<string, string>>> samples, Func<OtlpPoint, bool> isMeant) =>
            run.Scraped.SelectMany(family => samples(family).SelectMany(sample => sample.Select(label => (family.Name, label.Key, label.Value))))
                .Concat(run.Metrics.SelectMany(metric => metric.Points.Where(isMeant)
                    .SelectMany(point => point.Attributes.Select(label => (PrometheusName(metric), PrometheusLabel(label.Key), $"{label.Value}")))))
                .Where(value => _contract.Metrics.TryGetValue(value.Item1, out var metric) && metric.Labels.GetValueOrDefault(value.Item2, []).Length > 0)
                .Select(value => $"{value.Item1} {value.Item2}={value.Item3}").ToHashSet(StringComparer.Ordinal);
    }

    [Fact]
    public void Spans_have_the_documented_names_and_kinds() => Assert.Equal(
        SpanContract.Load().Values.Select(span => $"{span.Name} {span.Kind}").Order(StringComparer.Ordinal),
        OwnSpans.Select(span => $"{span.Name} {span.Kind}").Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Spans_have_the_documented_parents()
    {
        var byId = run.Spans.ToDictionary(span => span.SpanId, StringComparer.Ordinal);
        var emitted = OwnSpans.Select(span => (span.Name, Parent(span))).ToHashSet();
        var documented = SpanContract.Load().Values.SelectMany(span => span.Parents.Select(parent => (span.Name, parent))).ToHashSet();

        Assert.Empty(emitted.Except(documented));
        Assert.Empty(documented.Except(emitted).Except(ParentsNotProvoked));
        Assert.Empty(SpanContract.Drawing().Except(documented));
        Assert.NotEmpty(SpanContract.Drawing());

        string Parent(OtlpSpan span) => span.ParentSpanId is null ? SpanContract.None
            : !byId.TryGetValue(span.ParentSpanId, out var parent) ? "a span that was not exported"
            : parent.Origin.Scope == "Meshara" ? parent.Name
            : SpanContract.Api;
    }

    [Fact]
    public void Spans_have_the_documented_attributes_and_events()
    {
        var contract = SpanContract.Load();
        var emitted = OwnSpans.SelectMany(span => span.Attributes.Keys.Where(key => key != "error.type").Select(key => $"{span.Name} {key}")
            .Concat(span.Events.Where(one => one.Name != "exception").Select(one => $"{span.Name} event {one.Name}"))).ToHashSet(StringComparer.Ordinal);
        var documented = contract.Values.SelectMany(span => span.Attributes.Select(key => $"{span.Name} {key}")
            .Concat(span.Events.Select(one => $"{span.Name} event {one}"))).ToHashSet(StringComparer.Ordinal);

        Assert.Equal(documented.Order(StringComparer.Ordinal), emitted.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_span_failed_when_it_says_why()
    {
        Assert.All(OwnSpans, span => Assert.Equal(span.Status == "error", span.Attributes.ContainsKey("error.type")));
        Assert.Contains(OwnSpans, span => span.Name == "tls_connect" && span.Events.Any(one => one.Name == "exception" && one.Attributes.ContainsKey("exception.type")));
    }

    [Fact]
    public void An_acknowledgment_is_linked_to_the_receivers_span()
    {
        var receivers = run.Spans.Where(span => span.Name == "receive_message").Select(span => new OtlpLink(span.TraceId, span.SpanId)).ToHashSet();
        var linked = run.Spans.Where(span => span.Name == "ack_received").ToList();
        Assert.NotEmpty(linked);
        Assert.All(linked, span => Assert.Contains(Assert.Single(span.Links), receivers));
    }

    [Fact]
    public void Every_line_is_indexed_as_it_is()
    {
        var mapping = IndexMapping.Load();
        Assert.Empty(run.Lines.SelectMany(line => mapping.Conflicts(line).Select(conflict => $"{conflict}: {line}")));
    }

    [Fact]
    public void Lines_are_of_documented_events_with_their_level_target_and_fields()
    {
        string[] reserved = ["timestamp", "level", "target", "message", "span", "trace_id", "span_id", "event", "suppressed"];
        var documented = EventContract.Documented().ToDictionary(one => one.Name, StringComparer.Ordinal);
        Assert.NotEmpty(run.Lines);
        foreach (var line in run.Lines)
        {
            var fields = EventContract.Join(line.EnumerateObject().Select(member => member.Name).Except(reserved));
            var name = line.GetProperty("event").GetString()!;
            var expected = documented.GetValueOrDefault(name);
            var level = line.GetProperty("level").GetString()!;
            // The summary line of a burst has no field values of its own.
            var actual = new EventContract(name, expected?.MayBe(level) == true ? expected.Level : level, line.GetProperty("target").GetString()!,
                line.TryGetProperty("suppressed", out _) ? expected?.Fields ?? "" : fields);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void The_example_of_a_line_has_the_fields_of_one_that_a_node_printed()
    {
        var example = JsonDocument.Parse(EventContract.Example()).RootElement;
        var printed = run.Lines.Where(line => line.GetProperty("event").GetString() == example.GetProperty("event").GetString()
            && line.GetProperty("level").GetString() == Value(example, "level")).ToList();

        Assert.NotEmpty(printed);
        Assert.All(printed, line => Assert.Equal(Names(example), Names(line)));
        Assert.All(printed, line => Assert.All(
            (string[])["level", "target", "message", "span.name"], name => Assert.Equal(Value(example, name), Value(line, name))));

        static IEnumerable<string> Names(JsonElement line) => line.EnumerateObject().SelectMany(member =>
            member.Value.ValueKind == JsonValueKind.Object ? member.Value.EnumerateObject().Select(inner => $"{member.Name}.{inner.Name}") : [member.Name]);

        static string? Value(JsonElement line, string name) => name.Split('.').Aggregate(line, (element, part) => element.GetProperty(part)).GetString();
    }

    [Fact]
    public void Exported_logs_are_of_documented_events() => Assert.Empty(
        run.Logs.Where(log => log.Origin.Scope.StartsWith("Meshara.", StringComparison.Ordinal)).Select(log => log.EventName ?? "a log without a name")
            .Except(EventContract.Documented().Select(one => one.Name)));

    [Fact]
    public void Everything_says_who_sent_it() => Assert.All(
        run.Spans.Select(span => span.Origin).Concat(run.Metrics.Select(metric => metric.Origin)).Concat(run.Logs.Select(log => log.Origin)).Distinct(),
        origin => Assert.Subset(origin.Resource.Keys.ToHashSet(), new HashSet<string>
        {
            "service.name", "service.instance.id", "service.version", "meshara.node.name", "deployment.environment.name",
        }));

    private IEnumerable<OtlpSpan> OwnSpans => run.Spans.Where(span => span.Origin.Scope == "Meshara");

    private static string PrometheusLabel(string attribute) => attribute.Replace('.', '_');

    /// <summary>Translates names and units to Prometheus, following the OpenTelemetry specification.</summary>
    private static string PrometheusName(OtlpMetric metric)
    {
        var name = metric.Name.Replace('.', '_');
        var unit = metric.Unit switch { "s" => "_seconds", "By" => "_bytes", "%" => "_percent", _ => "" };
        return name + unit + (metric.Type == "counter" ? "_total" : "");
    }
}
