using System.Text.Json;
using Meshara.Tests.Logging;

namespace Meshara.Tests.Dashboards;

/// <summary>
/// The dashboards' Elasticsearch queries, evaluated without a server: on the lines that the run logged, under the mapping that
/// <c>logging/</c> defines. <see cref="Containers.LogContainerTests"/> uses a real server where containers are available.
/// </summary>
public sealed partial class QueryTests
{
    private static readonly IndexMapping Mapping = IndexMapping.Load();

    private static IReadOnlyList<LogQuery> LogQueries => [.. DashboardFiles.Dashboards.SelectMany(dashboard => dashboard.Panels).SelectMany(panel => panel.LogQueries)];

    [Fact]
    public void Every_question_about_logs_is_one_that_their_index_can_answer()
    {
        Assert.NotEmpty(LogQueries);
        var variables = new Dictionary<string, string>(Variables) { ["node"] = "node-1", ["message_id"] = "an-id" };
        Assert.Empty(LogQueries.SelectMany(query => query.Query(variables).Faults(Mapping).Concat(query.Faults(Mapping)).Select(fault => $"{query}: {fault}")));
    }

    [Fact]
    public void The_data_source_of_logs_names_fields_of_their_index()
    {
        var source = DashboardFiles.DataSources["elasticsearch"].JsonData;
        string[] fields =
        [
            (string)source["timeField"], (string)source["logMessageField"], (string)source["logLevelField"],
            .. ((List<object>)source["dataLinks"]).Select(link => (string)((Dictionary<object, object>)link)["field"]),
        ];
        Assert.Equal(["date", "match_only_text", "keyword", "keyword", "keyword"], fields.Select(field => Mapping.Types.GetValueOrDefault(field)));
    }

    [Fact]
    public async Task Every_question_about_logs_is_answered_by_lines_of_the_run()
    {
        run.SkipWhenMissing();
        var waiting = LogQueries.ToList();
        await UntilAsync(() =>
        {
            var lines = run.LogDocuments();
            Assert.Empty(lines.SelectMany(line => Mapping.Conflicts(line)));
            waiting.RemoveAll(query => Choices(query.Panel.Dashboard).Any(variables => query.Shows([.. lines.Where(query.Query(variables).Matches)])));
            return Task.FromResult(waiting.Count == 0);
        });
        Assert.True(waiting.Count == 0, $"No line for: {string.Join('\n', waiting)}\n{run.Circumstances}");
    }

    [Theory]
    [InlineData("*", true)]
    [InlineData("event:MessageExpired", true)]
    [InlineData("event:Message*", true)]
    [InlineData("event:Message?xpired", true)]
    [InlineData("event:Expired", false)]
    [InlineData("event:(MessageLost OR MessageExpired)", true)]
    [InlineData("event:(MessageLost OR MessageFound)", false)]
    [InlineData("log.file.path:*node-1-*", true)]
    [InlineData("log.file.path:*node-2-*", false)]
    [InlineData("log.file.path:\"/var/log/meshara/node-1-20260101.log\"", true)]
    [InlineData("message_id:\"x\"", false)]
    public void A_query_finds_what_it_says(string query, bool found) => Assert.Equal(found, LuceneQuery.Parse(query).Matches(JsonSerializer.Deserialize<JsonElement>(
        """{"event":"MessageExpired","log":{"file":{"path":"/var/log/meshara/node-1-20260101.log"}},"span":"no object"}""")));

    [Theory]
    [InlineData("")]
    [InlineData("MessageExpired")]
    [InlineData("event:")]
    [InlineData("event:a b")]
    [InlineData("event:a AND level:b")]
    [InlineData("event:(a AND b)")]
    [InlineData("event:(a b)")]
    [InlineData("event:/a.*/")]
    [InlineData("event:-a")]
    [InlineData("event:\"a\\\"b\"")]
    [InlineData("event:[a TO b]")]
    public void A_query_in_more_of_Lucenes_language_is_refused(string query) => Assert.Throws<FormatException>(() => LuceneQuery.Parse(query));

    [Theory]
    [InlineData("message:x", "message is match_only_text, not keyword")]
    [InlineData("lvl:x", "lvl is not in the mapping")]
    public void A_field_that_cannot_be_searched_is_a_fault(string query, string fault) => Assert.Equal([fault], LuceneQuery.Parse(query).Faults(Mapping));
}
