using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Meshara.Node;
using Meshara.Node.Delivery;

namespace Meshara.Tests.Api;

public sealed class RouteTests
{
    private static string Self => MeshDouble.Self.ToString();

    private static string Friend => MeshDouble.Friend.ToString();

    [Fact]
    public async Task The_node_says_who_it_is()
    {
        await using var server = await ApiServer.StartAsync();
        Answers.IsJson($$"""
            {"address":"{{Self}}","node_id":"{{new string('a', 64)}}","name":"node-1","version":"0.1.0","state":"ready",
             "endpoints":["tcp://127.0.0.1:8443"],"started_at":"2025-12-23T10:34:12.456Z","metrics_port":0}
            """, await (await server.GetAsync("/api/node")).JsonAsync());
    }

    [Fact]
    public async Task Peers_are_listed_with_direction_and_round_trip()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Peers =
        [
            new PeerInfo(MeshDouble.Friend, "node-2", "127.0.0.1:5000", true, MeshDouble.Start, TimeSpan.FromMilliseconds(1.5), InTree: true, BytesSent: 4096),
            new PeerInfo(MeshDouble.Address(3), "node-3", "127.0.0.1:5001", false, MeshDouble.Start, null, InTree: false, BytesSent: 0),
        ];
        Answers.IsJson($$"""
            {"peers":[
              {"address":"{{Friend}}","name":"node-2","remote":"127.0.0.1:5000","direction":"outbound","connected_at":"2025-12-23T10:34:12.456Z","rtt_ms":1.5,"tree":true,"bytes_out":4096},
              {"address":"{{MeshDouble.Address(3)}}","name":"node-3","remote":"127.0.0.1:5001","direction":"inbound","connected_at":"2025-12-23T10:34:12.456Z","rtt_ms":null,"tree":false,"bytes_out":0}]}
            """, await (await server.GetAsync("/api/peers")).JsonAsync());
    }

    [Fact]
    public async Task Routes_are_listed_with_their_next_hop()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Routes =
        [
            new RouteInfo(MeshDouble.Friend, "direct", null, ["tcp://127.0.0.1:8444"], MeshDouble.Start),
            new RouteInfo(MeshDouble.Address(3), "cached", MeshDouble.Friend, [], MeshDouble.Start),
        ];
        Answers.IsJson($$"""
            {"routes":[
              {"address":"{{Friend}}","kind":"direct","via":null,"endpoints":["tcp://127.0.0.1:8444"],"last_seen":"2025-12-23T10:34:12.456Z"},
              {"address":"{{MeshDouble.Address(3)}}","kind":"cached","via":"{{Friend}}","endpoints":[],"last_seen":"2025-12-23T10:34:12.456Z"}]}
            """, await (await server.GetAsync("/api/routes")).JsonAsync());
    }

    [Fact]
    public async Task A_text_is_accepted_and_can_be_followed_at_its_location()
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.PostAsync("/api/messages", $$"""{"to":"{{Friend.ToUpperInvariant()}}","text":"grüß dich","ttl_seconds":60}""");
        var id = (string)(await answer.JsonAsync(HttpStatusCode.Accepted))["id"]!;

        Assert.Equal($"/api/messages/{id}", answer.Headers.Location?.OriginalString);
        var sent = Assert.Single(server.Mesh.Sent);
        Assert.Equal((MeshDouble.Friend, "grüß dich", TimeSpan.FromSeconds(60)), (sent.To!.Value, Encoding.UTF8.GetString(sent.Content), sent.TimeToLive!.Value));
        Answers.IsJson($$"""
            {"id":"{{id}}","to":"{{Friend}}","state":"acknowledged","attempts":1,"accepted_at":"2025-12-23T10:34:12.456Z",
             "expires_at":"2025-12-24T10:34:12.456Z","completed_at":"2025-12-23T10:34:13.456Z","reason":null,"held_by":0}
            """, await (await server.GetAsync(answer.Headers.Location!.OriginalString)).JsonAsync());
    }

    [Fact]
    public async Task A_pending_message_has_no_completion()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Outcome = MessageState.Pending;
        var answer = await server.PostAsync("/api/messages", $$"""{"to":"{{Friend}}","content":"AAEC"}""");
        var message = await (await server.GetAsync(answer.Headers.Location!.OriginalString)).JsonAsync();
        Assert.Equal("pending", (string)message["state"]!);
        Assert.True(message.AsObject().TryGetPropertyValue("completed_at", out var completed) && completed is null);
        Assert.Equal([0, 1, 2], Assert.Single(server.Mesh.Sent).Content);
    }

    [Fact]
    public async Task A_broadcast_is_accepted()
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.PostAsync("/api/broadcasts", """{"text":"all"}""");
        Assert.Equal(32, ((string)(await answer.JsonAsync(HttpStatusCode.Accepted))["id"]!).Length);
        Assert.Null(Assert.Single(server.Mesh.Sent).To);
    }

    [Theory]
    [InlineData("\\u0001")] // six bytes of JSON for one of content
    [InlineData("x")]
    public async Task A_message_of_the_permitted_size_fits_however_it_is_spelt(string character)
    {
        await using var server = await ApiServer.StartAsync();
        var text = string.Concat(Enumerable.Repeat(character, MeshDouble.MaxMessageBytes));
        await (await server.PostAsync("/api/broadcasts", $$"""{"text":"{{text}}"}""")).JsonAsync(HttpStatusCode.Accepted);
        Assert.Equal(MeshDouble.MaxMessageBytes, Assert.Single(server.Mesh.Sent).Content.Length);
    }

    [Fact]
    public async Task The_inbox_is_read_with_a_cursor()
    {
        await using var server = await ApiServer.StartAsync();
        var text = server.Mesh.Receive("hällo"u8);
        var binary = server.Mesh.Receive([0xFF, 0xFE], broadcast: true);

        var first = await (await server.GetAsync("/api/inbox?limit=1")).JsonAsync();
        Answers.IsJson($$"""
            {"messages":[{"cursor":1,"id":"{{text.Id}}","from":"{{Friend}}","type":"private","sent_at":"2025-12-23T10:34:12.456Z",
              "received_at":"2025-12-23T10:34:13.456Z","text":"hällo","content":"aMOkbGxv"}],"next":1,"reset":false}
            """, first);
        var second = await (await server.GetAsync($"/api/inbox?after={first["next"]}")).JsonAsync();
        Answers.IsJson($$"""
            {"messages":[{"cursor":2,"id":"{{binary.Id}}","from":"{{Friend}}","type":"broadcast","sent_at":"2025-12-23T10:34:12.456Z",
              "received_at":"2025-12-23T10:34:13.456Z","text":null,"content":"//4="}],"next":2,"reset":false}
            """, second);
        Answers.IsJson("""{"messages":[],"next":2,"reset":false}""", await (await server.GetAsync("/api/inbox?after=2&limit=1000")).JsonAsync());
    }

    [Fact]
    public async Task Many_messages_come_in_order_and_once()
    {
        await using var server = await ApiServer.StartAsync();
        for (var i = 0; i < 150; i++)
            server.Mesh.Receive([(byte)i]);
        var inbox = await (await server.GetAsync("/api/inbox?limit=140&after=5")).JsonAsync();
        Assert.Equal(Enumerable.Range(6, 140), inbox["messages"]!.AsArray().Select(message => (int)message!["cursor"]!));
        Assert.Equal(145, (int)inbox["next"]!);
    }

    [Fact]
    public async Task An_answer_ends_before_it_holds_more_than_memory_should()
    {
        await using var server = await ApiServer.StartAsync();
        for (var i = 0; i < 40; i++)
            server.Mesh.Receive(new byte[1024 * 1024]);
        var count = 0;
        for (long after = 0; ;)
        {
            var page = await (await server.GetAsync($"/api/inbox?limit=1000&after={after}")).JsonAsync();
            var messages = page["messages"]!.AsArray();
            if (messages.Count == 0)
                break;
            Assert.InRange(messages.Count, 1, 39);
            count += messages.Count;
            after = (long)page["next"]!;
        }
        Assert.Equal(40, count);
    }

    [Fact]
    public async Task A_removed_message_is_gone()
    {
        await using var server = await ApiServer.StartAsync();
        var message = server.Mesh.Receive("x"u8);
        var removed = await server.SendAsync(HttpMethod.Delete, $"/api/inbox/{message.Id}", null);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        await (await server.SendAsync(HttpMethod.Delete, $"/api/inbox/{message.Id}", null)).ProblemAsync(HttpStatusCode.NotFound, ErrorCodes.NotFound);
        Assert.Empty((await (await server.GetAsync("/api/inbox")).JsonAsync())["messages"]!.AsArray());
    }
}
