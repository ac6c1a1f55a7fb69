using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s.Models;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;
using Meshara.Tests.Deploy;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Dashboards;

/// <summary>The files of <c>tracing/</c>, read by Jaeger itself.</summary>
public sealed partial class TracingTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("jaeger.yaml")]
    [InlineData("memory.yaml")]
    public async Task Jaeger_knows_every_setting(string file)
    {
        Assert.SkipWhen(LocalJaeger.Program is null, LocalJaeger.Missing);
        await using var jaeger = new RunningProgram(new ProcessStartInfo(LocalJaeger.Program!, (string[])["validate", "--config", Path.Combine(LocalJaeger.Tracing, file)]));

        Assert.True(await jaeger.ExitAsync(Test) == 0, jaeger.Output);
    }

    [Fact]
    public void A_trace_leads_to_its_lines_at_its_time()
    {
        var start = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var values = new Dictionary<string, object>
        {
            ["traceID"] = "0af7651916cd43dd8448eb211c80319c",
            ["startTime"] = Micros(start),
            ["endTime"] = Micros(start.AddSeconds(9)),
        };

        var url = Parameter().Replace(Dashboard.Text(Assert.Single(Patterns("traces")), "url"), match => Value(match.Groups["expression"].Value, values));

        Assert.Contains("_g=(time:(from:'2026-01-02T02:59:05.000Z',to:'2026-01-02T03:09:14.000Z'))", url, StringComparison.Ordinal);
        Assert.Contains("trace_id:%220af7651916cd43dd8448eb211c80319c%22", url, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_leads_to_its_lines_for_as_long_as_they_are_kept()
    {
        var pattern = Assert.Single(Patterns("tags"));
        var kept = JsonDocument.Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, "logging", "elasticsearch", "lifecycle.json"))).RootElement
            .GetProperty("policy").GetProperty("phases").GetProperty("delete").GetProperty("min_age").GetString();
        Assert.Contains($"_g=(time:(from:now-{kept},to:now))", Dashboard.Text(pattern, "url"), StringComparison.Ordinal);
        // Jaeger 2.20 supports no formatting in links of tags, and omits a link that uses it.
        Assert.DoesNotContain("|", Dashboard.Text(pattern, "url"), StringComparison.Ordinal);
    }

    [Fact]
    public void Old_traces_are_deleted_a_day_after_nobody_finds_them_any_more()
    {
        // Jaeger 2.20 does not delete data itself (internal/storage/elasticsearch/config/config_rotation.go); its cleaner deletes
        // whole days.
        var storage = YamlFile.Read("tracing/jaeger.yaml")["extensions"]!["jaeger_storage"]!["backends"]!["traces"]!["elasticsearch"]!;
        var days = int.Parse(storage["max_span_age"]!.GetValue<string>().TrimEnd('h'), CultureInfo.InvariantCulture) / 24 + 1;

        var script = File.ReadAllText(Path.Combine(LocalJaeger.Tracing, "clean.sh"));
        Assert.Contains($"\n  /go/bin/es-index-cleaner-linux {days} \"${{ELASTICSEARCH_URL:-", script, StringComparison.Ordinal);
        // On Kubernetes, a lifecycle policy deletes the data, counting from the end of an index's day.
        var policy = JsonNode.Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, "logging/elasticsearch/traces-lifecycle.json")))!["policy"]!["phases"]!;
        Assert.Equal($"{days}d", policy["delete"]!["min_age"]!.GetValue<string>());
        Assert.Equal("1d", policy["hot"]!["actions"]!["rollover"]!["max_age"]!.GetValue<string>());
    }

    private static IEnumerable<JsonElement> Patterns(string type) => Dashboard
        .Elements(JsonDocument.Parse(File.ReadAllText(Path.Combine(LocalJaeger.Tracing, "ui.json"))).RootElement, "linkPatterns")
        .Where(pattern => Dashboard.Text(pattern, "type") == type);

    private static long Micros(DateTimeOffset time) => time.ToUnixTimeMilliseconds() * 1000;

    // Like Jaeger's UI, packages/jaeger-ui/src/utils/link-formatting.ts: #{startTime | add 1000 | epoch_micros_to_date_iso}.
    private static string Value(string expression, Dictionary<string, object> values)
    {
        var parts = expression.Split('|', StringSplitOptions.TrimEntries);
        var value = parts.Skip(1).Aggregate(values[parts[0]], (value, format) => format.Split(' ') switch
        {
            ["add", var micros] => (long)value + long.Parse(micros, CultureInfo.InvariantCulture),
            ["epoch_micros_to_date_iso"] => DateTimeOffset.FromUnixTimeMilliseconds((long)value / 1000)
                .ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
            _ => throw new FormatException($"Jaeger has no {format}."),
        });
        return string.Create(CultureInfo.InvariantCulture, $"{value}");
    }

    [GeneratedRegex(@"#\{(?<expression>[^{}]*)\}")]
    private static partial Regex Parameter();
}
