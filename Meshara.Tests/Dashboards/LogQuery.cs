using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Meshara.Tests.Logging;

namespace Meshara.Tests.Dashboards;

/// <summary>What a dashboard asks Elasticsearch: a query, and what is made of the documents that it finds.</summary>
internal sealed partial class LogQuery(Panel panel, JsonElement target)
{
    // index.max_result_window, unless somebody changes it.
    private const int MaxHits = 10_000;

    public Panel Panel => panel;

    private IReadOnlyList<JsonElement> Metrics => Dashboard.Elements(target, "metrics");

    private IReadOnlyList<JsonElement> Buckets => Dashboard.Elements(target, "bucketAggs");

    /// <summary>The query with values for the dashboard's variables, as Elasticsearch gets it.</summary>
    public string Text(IReadOnlyDictionary<string, string> variables) => PromQuery.Replace(Dashboard.Text(target, "query"), variables);

    /// <summary>The same, to be evaluated here.</summary>
    /// <exception cref="FormatException">It is one that cannot be.</exception>
    public LuceneQuery Query(IReadOnlyDictionary<string, string> variables) => LuceneQuery.Parse(Text(variables));

    /// <summary>What Elasticsearch could not do under a mapping, besides the query itself.</summary>
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

    /// <summary>True when the panel has something to show of the documents that were found.</summary>
    public bool Shows(IReadOnlyList<JsonElement> found) => found.Any(document =>
        Buckets.Select(bucket => Dashboard.Text(bucket, "field")).Append(Dashboard.Text(target, "timeField")).Concat(Grouped()).All(field => Value(document, field) is not null));

    /// <summary>The value of a field, by its path, as Elasticsearch compares it; null when the document has none.</summary>
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

    // Fields by which the panel itself groups documents; _id is no field but every document has one.
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
