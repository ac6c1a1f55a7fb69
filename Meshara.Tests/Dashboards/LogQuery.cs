using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Meshara.Tests.Logging;

namespace Meshara.Tests.Dashboards;

/// <summary>A dashboard's query of Elasticsearch: the search, and what the panel does with the documents found.</summary>
internal sealed partial class LogQuery(Panel panel, JsonElement target)
{
    // The default of index.max_result_window.
    private const int MaxHits = 10_000;

    public Panel Panel => panel;

    private IReadOnlyList<JsonElement> Metrics => Dashboard.Elements(target, "metrics");

    private IReadOnlyList<JsonElement> Buckets => Dashboard.Elements(target, "bucketAggs");

    /// <summary>The query with the dashboard's variables filled in, as sent to Elasticsearch.</summary>
    public string Text(IReadOnlyDictionary<string, string> variables) => PromQuery.Replace(Dashboard.Text(target, "query"), variables);

    /// <summary>The same query, parsed for evaluation here.</summary>
    /// <exception cref="FormatException">It uses syntax that is not supported here.</exception>
    public LuceneQuery Query(IReadOnlyDictionary<string, string> variables) => LuceneQuery.Parse(Text(variables));

    /// <summary>What Elasticsearch could not do under a mapping, apart from the query itself; empty if all is well.</summary>
    public IEnumerable<string> Faults(IndexMapping mapping)
    {
        return
        [
            .. Needs(Dashboard.Text(target, "timeField"), "date"),
            .. Metrics.SelectMany(OfMetric),
            .. Metrics.Count == 1 && Dashboard.Text(Metrics[0], "type") != "count" == (Buckets.Count == 0) ? [] : (string[])["a count needs buckets, and documents have none"],
            .. Buckets.SelectMany(bucket => Dashboard.Text(bucket, "type") switch
            {
                "terms" => Needs(Dashboard.Text(bucket, "field"), "keyword"),
                "date_histogram" => Needs(Dashboard.Text(bucket, "field"), "date"),
                var other => [$"this evaluator does not know buckets of the type {other}"],
            }),
            .. Alias().Matches(Dashboard.Text(target, "alias")).Select(match => match.Groups["field"].Value)
                .Except(Buckets.Where(bucket => Dashboard.Text(bucket, "type") == "terms").Select(bucket => Dashboard.Text(bucket, "field")))
                .Select(field => $"the alias names {field}, by which nothing is grouped"),
            .. Grouped().Where(field => !mapping.Types.ContainsKey(field)).Select(field => $"a transformation groups by {field}, which is not in the mapping"),
        ];

        IEnumerable<string> Needs(string field, string type) =>
            mapping.Types.GetValueOrDefault(field) == type ? [] : [$"{field} has to be {type}, but is {mapping.Types.GetValueOrDefault(field, "not in the mapping")}"];
    }

    /// <summary>True if the panel can show something of the documents found.</summary>
    public bool Shows(IReadOnlyList<JsonElement> found) => found.Any(document =>
        Buckets.Select(bucket => Dashboard.Text(bucket, "field")).Append(Dashboard.Text(target, "timeField")).Concat(Grouped()).All(field => Value(document, field) is not null));

    /// <summary>The value of a field by its path, as Elasticsearch compares it; null if the document has none.</summary>
    public static string? Value(JsonElement document, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (document.ValueKind != JsonValueKind.Object || !document.TryGetProperty(name, out document))
                return null;
        }
        return document.ValueKind == JsonValueKind.Null ? null : document.ToString();
    }

    public override string ToString() => $"{panel}: {target}";

    // Fields by which the panel itself groups documents. _id is not a field, but every document has one.
    private IEnumerable<string> Grouped() => Dashboard.Elements(panel.Json, "transformations").Where(one => Dashboard.Text(one, "id") == "groupBy")
        .SelectMany(one => one.GetProperty("options").GetProperty("fields").EnumerateObject()).Select(field => field.Name).Where(name => name != "_id");

    private static IEnumerable<string> OfMetric(JsonElement metric)
    {
        var hits = Dashboard.Text(metric, "type") switch { "count" => "0", "logs" => Setting("limit"), "raw_data" => Setting("size"), _ => "" };
        return int.TryParse(hits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxHits ? [] : [$"this evaluator does not know {metric}"];

        string Setting(string name) => Dashboard.Text(metric.GetProperty("settings"), name);
    }

    // {{term level}}
    [GeneratedRegex(@"\{\{term (?<field>[^}]+)\}\}")]
    private static partial Regex Alias();
}
