
using Meshara.Harness.Processes;

namespace Meshara.Tests.Stack.Local;

public sealed class ChildLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_log_is_complete_while_it_is_written()
    {
        using var log = new ChildLog(_folder.File("logs/node-1.log"));
        log.Append("one");
        log.Append("two");

        Assert.Equal("one\ntwo\n", Read(log.Path));
    }

    [Fact]
    public void The_log_of_the_run_before_is_kept_once()
    {
        for (var run = 1; run <= 3; run++)
        {
            using var log = new ChildLog(_folder.File("node-1.log"));
            log.Append($"run {run}");
        }

        Assert.Equal("run 3\n", Read(_folder.File("node-1.log")));
        Assert.Equal("run 2\n", Read(_folder.File("node-1.1.log")));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    [Fact]
    public void A_log_never_takes_more_than_twice_its_limit()
    {
        const int limit = 1000;
        using var log = new ChildLog(_folder.File("node-1.log"), limit);
        var line = new string('x', 99);
        for (var i = 0; i < 1000; i++)
            log.Append(line);
        log.Append("last");

        var size = Directory.GetFiles(_folder.Path).Sum(file => new FileInfo(file).Length);
        Assert.InRange(size, limit, 2 * limit);
        Assert.EndsWith("last\n", Read(log.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void The_tail_holds_the_last_lines_that_say_something()
    {
        using var log = new ChildLog(_folder.File("node-1.log"));
        for (var i = 1; i <= 30; i++)
            log.Append($"line {i}");
        log.Append("");

        Assert.Equal([.. Enumerable.Range(11, 20).Select(i => $"line {i}")], log.Tail);
    }

    public void Dispose() => _folder.Dispose();

    private static string Read(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd();
    }
}
