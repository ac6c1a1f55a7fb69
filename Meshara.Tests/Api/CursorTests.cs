using System.Net;

namespace Meshara.Tests.Api;

/// <summary>A reader has a cursor of an inbox that no longer exists: the node was reset or restored from a backup.</summary>
public sealed class CursorTests
{
    [Fact]
    public async Task A_stream_that_is_resumed_beyond_the_end_says_so_and_starts_anew()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Receive("first"u8);
        using var answer = await server.GetAsync("/api/inbox/stream", ("Last-Event-ID", "1000"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["id: 0", "event: reset", """data: {"after":1000,"last":1}""", "", "id: 1", "event: message"], await LinesAsync(events, 6));
    }

    [Fact]
    public async Task A_page_beyond_the_end_says_so_and_is_the_first_one()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Receive("first"u8);
        var page = await (await server.GetAsync("/api/inbox?after=1000")).JsonAsync();
        Assert.True((bool?)page["reset"]);
        Assert.Equal(1, (long)page["messages"]![0]!["cursor"]!);
        Assert.Equal(1, (long)page["next"]!);
    }

    [Fact]
    public async Task A_page_at_the_end_is_empty_and_no_reset()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Receive("first"u8);
        Answers.IsJson("""{"messages":[],"next":1,"reset":false}""", await (await server.GetAsync("/api/inbox?after=1")).JsonAsync());
    }

    private static async Task<List<string?>> LinesAsync(StreamReader reader, int count)
    {
        var lines = new List<string?>();
        while (lines.Count < count)
            lines.Add(await reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken));
        return lines;
    }
}
