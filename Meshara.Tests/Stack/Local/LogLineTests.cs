
using Meshara.Harness.Processes;

namespace Meshara.Tests.Stack.Local;

public sealed class LogLineTests
{
    [Theory]
    [InlineData("""{"timestamp":"2025-12-23T10:34:12.456Z","level":"WARN","target":"meshara::network","message":"Peer is slow"}""", "node-3  WARN  Peer is slow")]
    [InlineData("""{"level":"ERROR","message":"Cannot write","error":"IOException: disk full"}""", "node-3  ERROR  Cannot write: IOException: disk full")]
    [InlineData("""ts=2025-12-23T10:34:12.456Z caller=main.go:1 level=warn msg="Rule \"x\" is slow" err="timed out" """, "node-3  WARN  Rule \"x\" is slow: timed out")]
    [InlineData("""time=2025-12-23T10:34:12.456Z level=ERROR source=main.go:1 msg=stopped""", "node-3  ERROR  stopped")]
    [InlineData("Unhandled exception. System.Exception", "node-3  Unhandled exception. System.Exception")]
    [InlineData("{ not json", "node-3  { not json")]
    public void What_needs_an_eye_is_shown_with_the_nodes_name(string line, string shown) =>
        Assert.Equal(shown, LogLine.Notable(line, isError: true)?.Format("node-3"));

    [Theory]
    [InlineData("""{"level":"INFO","message":"Ready"}""", true)]
    [InlineData("""{"level":"DEBUG","message":"Ready"}""", true)]
    [InlineData("""ts=2025-12-23T10:34:12.456Z level=info msg="level=warn inside" """, true)]
    [InlineData("", true)]
    [InlineData("   ", true)]
    [InlineData("a line on standard output", false)]
    [InlineData("{ not json", false)]
    [InlineData("[1, 2]", false)]
    public void The_rest_is_left_to_the_log_file(string line, bool isError) => Assert.Null(LogLine.Notable(line, isError));
}
