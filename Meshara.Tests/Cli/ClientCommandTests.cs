using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Meshara.Node;
using Meshara.Node.Cli;
using Meshara.Node.Delivery;
using Meshara.Tests.Api;

namespace Meshara.Tests.Cli;

public sealed class ClientCommandTests
{
    private static readonly string Friend = MeshDouble.Friend.ToString();

    [Fact]
    public async Task Send_prints_the_id()
    {
        await using var server = await ApiServer.StartAsync();
        var human = For(server);
        Assert.Equal(ExitCodes.Ok, await human.InvokeAsync("send", "--to", Friend, "hello there", "--ttl", "60"));
        Assert.Matches("^[0-9a-f]{32}\\s$", human.Out);
        var json = For(server);
        Assert.Equal(ExitCodes.Ok, await json.InvokeAsync("send", "--to", Friend, "--json", "@literal"));
        Assert.Equal(["id"], json.Json.AsObject().Select(member => member.Key));
        Assert.Equal([(MeshDouble.Friend, "hello there", TimeSpan.FromSeconds(60)), (MeshDouble.Friend, "@literal", null)],
            server.Mesh.Sent.Select(sent => (sent.To!.Value, Encoding.UTF8.GetString(sent.Content), sent.TimeToLive)));
    }

    [Fact]
    public async Task A_message_comes_from_standard_input_or_a_file_byte_for_byte()
    {
        await using var server = await ApiServer.StartAsync();
        Assert.Equal(ExitCodes.Ok, await new CliRun { Environment = Node(server), Input = "piped\n" }.InvokeAsync("send", "--to", Friend, "-"));
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, [0xFF, 0, 0xFE], TestContext.Current.CancellationToken);
            Assert.Equal(ExitCodes.Ok, await For(server).InvokeAsync("broadcast", "--file", file));
            await File.WriteAllBytesAsync(file, new byte[1024 * 1024 + 1], TestContext.Current.CancellationToken);
            var large = For(server);
            large.AssertFailed(ExitCodes.Usage, await large.InvokeAsync("broadcast", "--file", file), "larger than 1048576 bytes");
        }
        finally
        {
            File.Delete(file);
        }
        Assert.Equal([[.. "piped\n"u8], [0xFF, 0, 0xFE]], server.Mesh.Sent.Select(sent => sent.Content));
    }

    [Theory]
    [InlineData(MessageState.Acknowledged, ExitCodes.Ok, "acknowledged after 1 attempt")]
    [InlineData(MessageState.Expired, ExitCodes.NotDelivered, "expired after 1 attempt")]
    [InlineData(MessageState.Rejected, ExitCodes.NotDelivered, "rejected after 1 attempt: [red]full[/]·[31m")]
    public async Task Waiting_ends_with_what_became_of_the_message(MessageState state, int exitCode, string sentence)
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Outcome = state;
        var human = For(server);
        Assert.Equal(exitCode, await human.InvokeAsync("send", "--to", Friend, "x", "--wait"));
        Assert.Equal(sentence, human.Out.Split('\n')[1].TrimEnd('\r'));
        var json = For(server);
        Assert.Equal(exitCode, await json.InvokeAsync("send", "--to", Friend, "x", "--wait", "--json"));
        Assert.Equal(state.ToString().ToLowerInvariant(), (string)json.Json["state"]!);
    }

    [Fact]
    public async Task Interrupted_waiting_is_130_and_the_id_is_known()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Outcome = MessageState.Pending;
        using var signal = new CancellationTokenSource();
        var run = For(server);
        var ended = run.InvokeAsync(signal.Token, "send", "--to", Friend, "x", "--wait");
        Assert.Equal(32, (await run.NextLineAsync()).Length);
        await signal.CancelAsync();
        Assert.Equal(ExitCodes.Interrupted, await ended);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("send --to nobody x", "'nobody' is not a node address")]
    [InlineData("send x", "--to")]
    [InlineData("send --to FRIEND", "Give a message")]
    [InlineData("send --to FRIEND x --file y", "not both")]
    [InlineData("send --to FRIEND --file /does/not/exist", "The file cannot be read")]
    [InlineData("send --to FRIEND x --ttl soon", "--ttl 'soon' must be")]
    [InlineData("send --to FRIEND x --ttl 604801", "ttl_seconds must be 1 to 604800")]
    [InlineData("broadcast", "Give a message")]
    [InlineData("inbox --limit 0", "--limit '0' must be")]
    [InlineData("inbox --after -5", "--after")]
    [InlineData("peers --node ftp://x", "is not the URL of a node")]
    [InlineData("peers --token two\u00A0words", "The token must be visible ASCII")]
    [InlineData("peers now", "'now'")]
    public async Task Wrong_usage_is_one_line_and_exit_code_2(string line, string reason)
    {
        await using var server = await ApiServer.StartAsync();
        var run = For(server);
        run.AssertFailed(ExitCodes.Usage, await run.InvokeAsync(line.Replace("FRIEND", Friend, StringComparison.Ordinal).Split(' ')), reason);
        Assert.Empty(server.Mesh.Sent);
    }

    [Theory]
    [InlineData(ErrorCodes.QueueFull, ExitCodes.Unreachable)]
    [InlineData(ErrorCodes.NotReady, ExitCodes.Unreachable)]
    [InlineData(ErrorCodes.Oversize, ExitCodes.Usage)]
    [InlineData(ErrorCodes.Storage, ExitCodes.Storage)]
    public async Task What_the_node_refuses_keeps_its_words(string code, int exitCode)
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Failure = new MesharaException(code, "Say what to do.");
        var run = For(server);
        run.AssertFailed(exitCode, await run.InvokeAsync("broadcast", "x"), "meshara: Say what to do.");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong")]
    public async Task A_missing_or_wrong_token_is_exit_code_2(string? token)
    {
        await using var server = await ApiServer.StartAsync(new() { ["Api:Token"] = "open-sesame" });
        var run = For(server);
        run.AssertFailed(ExitCodes.Usage, await run.InvokeAsync(token is null ? ["peers"] : ["peers", "--token", token]), "bearer token");
        var right = For(server);
        right.Environment["MESHARA_TOKEN"] = "open-sesame";
        Assert.Equal(ExitCodes.Ok, await right.InvokeAsync("peers"));
    }

    [Fact]
    public async Task Where_no_node_listens_is_exit_code_6()
    {
        var run = new CliRun { Environment = new() { ["MESHARA_NODE"] = "http://127.0.0.1:1" } };
        run.AssertFailed(ExitCodes.Unreachable, await run.InvokeAsync("status", "--node", $"http://127.0.0.1:{FreePort.Next()}/"), "Is it running?");
        var follow = new CliRun();
        follow.AssertFailed(ExitCodes.Unreachable, await follow.InvokeAsync("inbox", "--follow", "--node", $"http://127.0.0.1:{FreePort.Next()}"), "No node answers");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>", "not a Meshara node's API (HTTP 200, text/html)")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "not a Meshara node's API")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "not a Meshara node's API (HTTP 302")]
    [InlineData("HTTP/1.1 500 Oops\r\nContent-Type: application/problem+json\r\nContent-Length: 2\r\n\r\n{}", "not a Meshara node's API")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{", "http://127.0.0.1:")]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n", "No node answers")]
    public async Task What_is_no_node_is_exit_code_6(string answer, string reason)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeOnceAsync(listener, answer);
        var run = new CliRun();
        run.AssertFailed(ExitCodes.Unreachable, await run.InvokeAsync("peers", "--node", $"http://{listener.LocalEndpoint}"), reason);
        await serving;
    }

    [Fact]
    public async Task Peers_are_a_table_that_no_peer_can_forge()
    {
        await using var server = await ApiServer.StartAsync();
        var empty = For(server);
        Assert.Equal(ExitCodes.Ok, await empty.InvokeAsync("peers"));
        Assert.Equal("No peers are connected.", empty.Out.TrimEnd());

        server.Mesh.Peers = [new PeerInfo(MeshDouble.Friend, "[red]evil[/]\u001b[2J\n" + new string('x', 500), "127.0.0.1:5000", false, MeshDouble.Start, TimeSpan.FromMilliseconds(2.5), InTree: false, BytesSent: 0)];
        var human = For(server);
        Assert.Equal(ExitCodes.Ok, await human.InvokeAsync("peers"));
        var lines = human.Out.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Matches("^NAME +ADDRESS +REMOTE +DIRECTION +RTT +CONNECTED FOR", lines[0]);
        Assert.Matches($"^\\[red\\]evil\\[/\\]·\\[2J·x+… +{Friend} +127.0.0.1:5000 +inbound +2.5 ms +[0-9]", lines[1]);

        var json = For(server);
        Assert.Equal(ExitCodes.Ok, await json.InvokeAsync("peers", "--json"));
        Assert.Equal(Friend, (string)json.Json["peers"]![0]!["address"]!);
        Assert.DoesNotContain('\u001b', json.Out);
    }

    [Theory]
    [InlineData("peers")]
    [InlineData("status")]
    [InlineData("inbox")]
    public async Task A_narrow_terminal_gets_a_value_a_line(string command)
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Peers = [new PeerInfo(MeshDouble.Friend, "friend", "127.0.0.1:5000", false, MeshDouble.Start, null, InTree: false, BytesSent: 0)];
        server.Mesh.Receive("hello"u8);
        var run = new CliRun { Environment = Node(server), Width = 40 };
        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync(command));
        var lines = run.Out.Split('\n');
        var address = command == "status" ? MeshDouble.Self : MeshDouble.Friend;
        Assert.Single(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, $"^(?i:address|from) +{address}$"));
        Assert.All(lines, line => Assert.DoesNotMatch("^ *[^ ]$", line));
    }

    [Fact]
    public async Task Status_shows_the_node_and_its_health()
    {
        await using var server = await ApiServer.StartAsync();
        var human = For(server);
        Assert.Equal(ExitCodes.Ok, await human.InvokeAsync("status"));
        foreach (var line in new[] { "name +node-1", $"address +{MeshDouble.Self}", "state +ready", @"health +Degraded \(peers Degraded\)", "uptime +2m 3s", "peers +4", "pending +7", "cpu +2.4 %" })
            Assert.Matches($"(?m)^{line}", human.Out);
        var json = For(server);
        Assert.Equal(ExitCodes.Ok, await json.InvokeAsync("status", "--json"));
        Assert.Equal(["node", "health"], json.Json.AsObject().Select(member => member.Key));
        Answers.IsJson(ApiServer.Health, json.Json["health"]);
    }

    [Theory]
    [InlineData(NodeState.Ready, ExitCodes.Ok)]
    [InlineData(NodeState.Starting, ExitCodes.Unreachable)]
    [InlineData(NodeState.Draining, ExitCodes.Unreachable)]
    public async Task Status_can_be_a_health_check(NodeState state, int exitCode)
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.State = state;
        Assert.Equal(exitCode, await For(server).InvokeAsync("status", "--ready"));
        Assert.Equal(ExitCodes.Ok, await For(server).InvokeAsync("status"));
    }

    [Fact]
    public async Task The_inbox_is_a_table_or_one_object()
    {
        await using var server = await ApiServer.StartAsync();
        var empty = For(server);
        Assert.Equal(ExitCodes.Ok, await empty.InvokeAsync("inbox"));
        Assert.Equal("No messages.", empty.Out.TrimEnd());

        server.Mesh.Receive("[bold]hi[/]\u001b[2J"u8);
        server.Mesh.Receive([0xFF], broadcast: true);
        var human = For(server);
        Assert.Equal(ExitCodes.Ok, await human.InvokeAsync("inbox"));
        Assert.Contains("[bold]hi[/]·[2J", human.Out, StringComparison.Ordinal);
        Assert.Contains("(1 bytes, not text; see --json)", human.Out, StringComparison.Ordinal);

        var json = For(server);
        Assert.Equal(ExitCodes.Ok, await json.InvokeAsync("inbox", "--json", "--after", "1"));
        Assert.Equal((2, 2, "broadcast"), ((int)json.Json["next"]!, (int)json.Json["messages"]![0]!["cursor"]!, (string)json.Json["messages"]![0]!["type"]!));
    }

    [Fact]
    public async Task Following_prints_one_object_a_line_and_ends_with_0()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Receive("first"u8);
        using var signal = new CancellationTokenSource();
        var run = For(server);
        var ended = run.InvokeAsync(signal.Token, "inbox", "--follow", "--after", "0", "--json");
        Assert.Equal("first", (string)JsonNode.Parse(await run.NextLineAsync())!["text"]!);
        server.Mesh.Receive("second\nline"u8);
        Assert.Equal("second\nline", (string)JsonNode.Parse(await run.NextLineAsync())!["text"]!);
        await signal.CancelAsync();
        Assert.Equal(ExitCodes.Ok, await ended);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Following_ends_after_as_many_as_were_asked_for()
    {
        await using var server = await ApiServer.StartAsync();
        for (var i = 0; i < 3; i++)
            server.Mesh.Receive("x"u8);
        var run = For(server);
        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync("inbox", "-f", "--after", "0", "--limit", "2"));
        Assert.Equal(2, run.Out.Count(c => c == '\n'));
        Assert.Contains($"private {Friend} x", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_stops_under_a_follower_tells_where_to_go_on()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Receive("x"u8);
        var run = For(server);
        var ended = run.InvokeAsync("inbox", "--follow", "--after", "0");
        await run.NextLineAsync();
        await server.StopAsync();
        Assert.Equal(ExitCodes.Unreachable, await ended);
        Assert.Contains("--after 1", run.Error, StringComparison.Ordinal);
    }

    private static CliRun For(ApiServer server) => new() { Environment = Node(server) };

    private static Dictionary<string, string> Node(ApiServer server) => new() { ["MESHARA_NODE"] = server.Url.ToString() };

    private static async Task ServeOnceAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        var request = new byte[4096];
        Assert.NotEqual(0, await stream.ReadAsync(request, TestContext.Current.CancellationToken));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), TestContext.Current.CancellationToken);
    }
}
