using System.Text.Json.Serialization;
using k8s.Models;

namespace Meshara.Tests.Deploy;

/// <summary>
/// The used fields of two kinds of the Prometheus Operator, by the names of its API reference
/// (https://prometheus-operator.dev/docs/api-reference/api/). Any other field is an error.
/// </summary>
internal static class OperatorTypes
{
    internal sealed record ServiceMonitor(
        [property: JsonPropertyName("apiVersion")] string ApiVersion, [property: JsonPropertyName("kind")] string Kind,
        [property: JsonPropertyName("metadata")] V1ObjectMeta Metadata, [property: JsonPropertyName("spec")] ServiceMonitorSpec Spec);

    internal sealed record ServiceMonitorSpec(
        [property: JsonPropertyName("selector")] V1LabelSelector Selector, [property: JsonPropertyName("endpoints")] IReadOnlyList<Endpoint> Endpoints);

    internal sealed record Endpoint(
        [property: JsonPropertyName("port")] string Port, [property: JsonPropertyName("path")] string? Path,
        [property: JsonPropertyName("interval")] string? Interval, [property: JsonPropertyName("scrapeTimeout")] string? ScrapeTimeout,
        [property: JsonPropertyName("relabelings")] IReadOnlyList<Relabeling>? Relabelings);

    internal sealed record Relabeling(
        [property: JsonPropertyName("sourceLabels")] IReadOnlyList<string>? SourceLabels, [property: JsonPropertyName("targetLabel")] string TargetLabel,
        [property: JsonPropertyName("replacement")] string? Replacement);

    internal sealed record PrometheusRule(
        [property: JsonPropertyName("apiVersion")] string ApiVersion, [property: JsonPropertyName("kind")] string Kind,
        [property: JsonPropertyName("metadata")] V1ObjectMeta Metadata, [property: JsonPropertyName("spec")] PrometheusRuleSpec Spec);

    internal sealed record PrometheusRuleSpec([property: JsonPropertyName("groups")] IReadOnlyList<Group> Groups);

    internal sealed record Group(
        [property: JsonPropertyName("name")] string Name, [property: JsonPropertyName("interval")] string? Interval, [property: JsonPropertyName("rules")] IReadOnlyList<Rule> Rules);

    internal sealed record Rule(
        [property: JsonPropertyName("record")] string? Record, [property: JsonPropertyName("alert")] string? Alert, [property: JsonPropertyName("expr")] string Expr,
        [property: JsonPropertyName("for")] string? For, [property: JsonPropertyName("keep_firing_for")] string? KeepFiringFor, [property: JsonPropertyName("labels")] Dictionary<string, string>? Labels,
        [property: JsonPropertyName("annotations")] Dictionary<string, string>? Annotations);
}
