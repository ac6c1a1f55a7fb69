using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Meshara.Node;
using Meshara.Node.Api;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Api;

public sealed class StreamTests
{
    [Fact]
    public async Task A_stream_starts_at_now_and_shows_what_arrives()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Receive("old"u8);
        using var answer = await server.GetAsync("/api/inbox/stream");
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        using var events = await EventsAsync(answer);

        var message = server.Mesh.Receive("new\nline"u8);
        Assert.Equal("id: 2", await events.LineAsync());
        Assert.Equal("event: message", await events.LineAsync());
        var data = await events.LineAsync();
        Assert.StartsWith("data: ", data, StringComparison.Ordinal);
        Answers.IsJson($$"""
            {"cursor":2,"id":"{{message.Id}}","from":"{{MeshDouble.Friend}}","type":"private","sent_at":"2025-12-23T10:34:12.456Z",
             "received_at":"2025-12-23T10:34:13.456Z","text":"new\nline","content":"bmV3CmxpbmU="}
            """, JsonNode.Parse(data!["data: ".Length..]));
        Assert.Equal("", await events.LineAsync());
    }

    [Theory]
    [InlineData("?after=0", null, 1)]
    [InlineData("?after=2", null, 3)]
    [InlineData("", "1", 2)]
    [InlineData("?after=0", "2", 3)] // the header is newer than the URL
    public async Task A_reader_resumes_where_it_was(string query, string? lastEventId, long first)
    {
        await using var server = await ApiServer.StartAsync();
        for (var i = 0; i < 4; i++)
            server.Mesh.Receive([(byte)'x']);
        using var answer = await server.GetAsync("/api/inbox/stream" + query, lastEventId is null ? [] : [("Last-Event-ID", lastEventId)]);
        using var events = await EventsAsync(answer);
        for (var cursor = first; cursor <= 4; cursor++)
            Assert.Equal(cursor, await events.IdAsync());
    }

    [Fact]
    public async Task A_quiet_stream_has_a_heartbeat()
    {
        var time = new FakeTimeProvider();
        await using var server = await ApiServer.StartAsync(time: time);
        using var answer = await server.GetAsync("/api/inbox/stream");
        using var events = await EventsAsync(answer);
        var line = events.LineAsync();
        // The server starts its timer some time after the response headers arrive: advance time until it fires.
        while (!line.IsCompleted)
        {
            time.Advance(InboxStream.HeartbeatInterval);
            await Task.WhenAny(line, Task.Delay(10, TestContext.Current.CancellationToken));
        }
        Assert.Equal(": heartbeat", await line);
        server.Mesh.Receive("still there"u8);
        Assert.Equal(1, await events.IdAsync());
    }

    [Fact]
    public async Task A_stopping_node_ends_its_streams_in_order()
    {
        await using var server = await ApiServer.StartAsync();
        using var answer = await server.GetAsync("/api/inbox/stream");
        using var events = await EventsAsync(answer);
        server.Mesh.Receive("x"u8);
        Assert.Equal(1, await events.IdAsync());

        await server.StopAsync();
        while (await events.LineAsync() is not null)
        {
            // The rest of the event, then a regular end and no exception.
        }
        Assert.Empty(server.Errors.Lines);
    }

    [Fact]
    public async Task A_reader_that_leaves_disturbs_nobody()
    {
        await using var server = await ApiServer.StartAsync();
        using (var leaving = await server.GetAsync("/api/inbox/stream"))
            Assert.Equal(HttpStatusCode.OK, leaving.StatusCode);
        using var answer = await server.GetAsync("/api/inbox/stream");
        using var events = await EventsAsync(answer);
        for (var i = 1; i <= 20; i++)
        {
            server.Mesh.Receive("x"u8);
            Assert.Equal(i, await events.IdAsync());
        }
        await server.StopAsync();
        Assert.Empty(server.Errors.Lines);
    }

    [Fact]
    public async Task A_stream_that_cannot_go_on_is_broken_off_rather_than_ended()
    {
        await using var server = await ApiServer.StartAsync();
        using var answer = await server.GetAsync("/api/inbox/stream");
        using var events = await EventsAsync(answer);
        server.Mesh.FailNow(new MesharaException(ErrorCodes.Storage, "The disk is gone."));
        await Assert.ThrowsAnyAsync<IOException>(events.LineAsync);
    }

    private static async Task<EventReader> EventsAsync(HttpResponseMessage answer) =>
        new(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

    private sealed class EventReader(Stream stream) : IDisposable
    {
        private readonly StreamReader _reader = new(stream);

        public Task<string?> LineAsync() =>
            _reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken);

        public async Task<long> IdAsync()
        {
            while (await LineAsync() is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal))
                    return long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);
            }
            throw new EndOfStreamException();
        }

        public void Dispose() => _reader.Dispose();
    }
}
