using System.Net;
using Meshara.Node;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Transport;

public sealed class ConnectionTests
{
    [Fact]
    public async Task Two_nodes_connect_and_know_each_others_proven_address()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        var connection = await left.ConnectAsync(right);
        await Eventually.TrueAsync(() => right.IsConnectedTo(left), "the listener has the connection, too");
        Assert.Equal(right.Identity.Address, connection.Peer);
        Assert.True(right.Swarm.TryGet(left.Identity.Address, out var accepted));
        Assert.Equal((true, false), (connection.Outbound, accepted.Outbound));
        Assert.Equal(connection.DialNumber, accepted.DialNumber);
        Assert.Equal("transport", accepted.Record.Name);
        await connection.SendAsync(TransportEnd.Numbered(7), TestContext.Current.CancellationToken);
        await accepted.SendAsync(TransportEnd.Numbered(8), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => right.NumbersFrom(left) is [7] && left.NumbersFrom(right) is [8], "frames arrive in both directions");
        await Eventually.EqualAsync((1, 1), () => (left.Metrics.Sum("meshara.connections.opened", "outbound"), right.Metrics.Sum("meshara.connections.opened", "inbound")));
        await Eventually.TrueAsync(() => left.Metrics.Sum("meshara.network", "out") > 0 && left.Metrics.Sum("meshara.network", "in") > 0, "it is counted");
    }

    [Fact]
    public async Task Connecting_again_gives_the_same_connection()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        var dials = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => left.ConnectAsync(right)));
        Assert.Same(await left.ConnectAsync(right), Assert.Single(dials.Distinct()));
        await Eventually.EqualAsync(1, () => left.Metrics.Sum("meshara.connections.opened"));
    }

    [Fact]
    public async Task A_peer_that_is_not_who_was_expected_is_refused()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        await using var other = new TransportEnd();
        var lie = PeerRecord.Create(other.Identity, "lie", [PeerEndpoint.Tcp("127.0.0.1", right.Endpoint.Port)], 1, DateTimeOffset.UtcNow.AddHours(1));
        var refused = await Assert.ThrowsAnyAsync<MesharaException>(() => left.Swarm.ConnectAsync(lie, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCodes.Protocol, refused.Code);
        Assert.Contains(right.Identity.Address.Short, refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, left.Swarm.Count);
        await Eventually.EqualAsync(1, () => left.Metrics.Sum("meshara.connection.errors", "handshake"));
        Assert.False(left.Swarm.MayDial(lie));
    }

    [Fact]
    public async Task A_node_that_dials_itself_notices_and_counts_no_error()
    {
        await using var alone = new TransportEnd();
        var self = await Assert.ThrowsAnyAsync<MesharaException>(() => alone.Swarm.ConnectAsync(alone.Endpoint, TestContext.Current.CancellationToken));
        Assert.Equal(Handshake.Self, self.Code);
        await using var other = new TransportEnd();
        await other.ConnectAsync(alone); // by then, both ends of the dial to itself have ended or do not matter
        Assert.Equal(0, alone.Metrics.Sum("meshara.connection.errors"));
        Assert.Equal(0, alone.Metrics.Sum("meshara.errors"));
    }

    [Fact]
    public async Task Nobody_at_an_endpoint_is_unreachable_and_dialled_again_only_after_a_pause()
    {
        await using var left = new TransportEnd();
        PeerRecord gone;
        await using (var right = new TransportEnd())
            gone = right.Record;
        var refused = await Assert.ThrowsAnyAsync<MesharaException>(() => left.Swarm.ConnectAsync(gone, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCodes.Unreachable, refused.Code);
        await Eventually.EqualAsync(1, () => left.Metrics.Sum("meshara.connection.errors", "dial"));
        Assert.False(left.Swarm.MayDial(gone));
        await Eventually.TrueAsync(() => left.Swarm.MayDial(gone), "the pause ends");
    }

    /// <summary>Endpoints come from peers: whatever they contain, a dial fails only in the regular way.</summary>
    [Theory]
    [InlineData("no-such-host.invalid")]
    [InlineData("a..b")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("ff02::1")]
    [InlineData("280 characters")]
    public async Task An_endpoint_that_makes_no_sense_is_unreachable(string host)
    {
        await using var left = new TransportEnd(new TransportOptions { DialTimeout = TimeSpan.FromMilliseconds(500) });
        await using var other = new TransportEnd();
        var name = host == "280 characters" ? new string('a', 280) : host;
        var record = PeerRecord.Create(other.Identity, "odd", [PeerEndpoint.Tcp(name, 9)], 1, DateTimeOffset.UtcNow.AddHours(1));
        var refused = await Assert.ThrowsAnyAsync<MesharaException>(() => Eventually.InTimeAsync(left.Swarm.ConnectAsync(record, TestContext.Current.CancellationToken)));
        Assert.Equal(ErrorCodes.Unreachable, refused.Code);
    }

    [Fact]
    public async Task What_was_queued_before_closing_still_arrives()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        var connection = await left.ConnectAsync(right);
        for (var number = 0; number < 500; number++)
            Assert.NotEqual(0, await connection.SendAsync(TransportEnd.Numbered(number, padding: 1000), TestContext.Current.CancellationToken));
        connection.Close("test");
        Assert.Equal(0, await connection.SendAsync(TransportEnd.Numbered(-1), TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(() => right.Disconnects == 1 && left.Disconnects == 1, "both ends are done");
        Assert.Equal(Enumerable.Range(0, 500), right.NumbersFrom(left));
        await Eventually.EqualAsync(1, () => right.Metrics.Sum("meshara.connections.closed", "remote"));
        Assert.Equal(0, right.Metrics.Sum("meshara.connection.errors"));
        Assert.Equal((0, 0), (left.Swarm.Count, right.Swarm.Count));
    }

    [Fact]
    public async Task A_closing_node_still_hears_what_its_peer_was_sending()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        var connection = await left.ConnectAsync(right);
        await Eventually.TrueAsync(() => right.IsConnectedTo(left), "the listener has the connection, too");
        Assert.True(right.Swarm.TryGet(left.Identity.Address, out var back));
        for (var number = 0; number < 500; number++)
            await back.SendAsync(TransportEnd.Numbered(number, padding: 1000), TestContext.Current.CancellationToken);
        connection.Close("test");
        await Eventually.TrueAsync(() => left.Disconnects == 1, "the connection has ended");
        Assert.Equal(Enumerable.Range(0, 500), left.NumbersFrom(right));
    }

    [Fact]
    public async Task Simultaneous_dials_end_in_one_connection_that_works()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        for (var round = 0; round < 25; round++)
        {
            await Task.WhenAll(left.ConnectAsync(right), right.ConnectAsync(left));
            await Eventually.TrueAsync(() => IsOne(left, right), "both ends have the same one connection");
            Assert.True(left.Swarm.TryGet(right.Identity.Address, out var connection));
            Assert.NotEqual(0, await connection.SendAsync(TransportEnd.Numbered(round), TestContext.Current.CancellationToken));
            await Eventually.TrueAsync(() => right.NumbersFrom(left).Contains(round), "the connection carries frames");
            connection.Close("test");
            await Eventually.TrueAsync(() => left.Swarm.Count == 0 && right.Swarm.Count == 0, "both ends are done");
        }
        await Eventually.TrueAsync(
            () => Opened(left) == Closed(left) && Opened(right) == Closed(right), "every opened connection is counted as closed once");

        static double Opened(TransportEnd end) => end.Metrics.Sum("meshara.connections.opened");
        static double Closed(TransportEnd end) => end.Metrics.Sum("meshara.connections.closed");
    }

    [Fact]
    public async Task Frames_sent_while_duplicates_are_settled_are_not_lost()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd();
        for (var round = 0; round < 15; round++)
        {
            await Task.WhenAll(SendAsync(left, right, round), SendAsync(right, left, round));
            await Eventually.TrueAsync(() => left.NumbersFrom(right).Contains(round) && right.NumbersFrom(left).Contains(round), $"the frames of round {round} arrive");
            await Eventually.TrueAsync(() => IsOne(left, right), "both ends have the same one connection");
            left.Swarm.TryGet(right.Identity.Address, out var connection);
            connection.Close("test");
            await Eventually.TrueAsync(() => left.Swarm.Count == 0 && right.Swarm.Count == 0, "both ends are done");
        }

        // A result of 0 tells the sender that the frame was not sent, so it tries the remaining connection.
        static async Task SendAsync(TransportEnd from, TransportEnd to, int number)
        {
            while (await (await from.ConnectAsync(to)).SendAsync(TransportEnd.Numbered(number), TestContext.Current.CancellationToken) == 0)
                await Task.Yield();
        }
    }

    [Fact]
    public async Task A_later_dial_by_the_same_process_replaces_its_earlier_connection()
    {
        await using var right = new TransportEnd();
        using var identity = Meshara.Node.Identity.NodeIdentity.Generate();
        using var certificate = PeerCertificate.Create(identity, DateTimeOffset.UtcNow);
        await using var before = await RawPeer.JoinAsync(right.Endpoint, identity, certificate, dialNumber: 1);
        await Eventually.TrueAsync(() => right.Swarm.TryGet(identity.Address, out _), "the first is connected");
        right.Swarm.TryGet(identity.Address, out var first);
        await using var after = await RawPeer.JoinAsync(right.Endpoint, identity, certificate, dialNumber: 2);
        await Eventually.TrueAsync(() => right.Swarm.TryGet(identity.Address, out var second) && second != first, "the second has replaced the first");
        await before.ClosedAsync();
        Assert.Equal(1, right.Swarm.Count);
        Assert.Equal(0, right.Disconnects); // the peer never counted as gone
        Assert.Equal(0, right.Swarm.Clones.Peers);
        await Eventually.TrueAsync(() => right.Metrics.Sum("meshara.connections.closed", "duplicate") == 1, "its end is counted");
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_failure()
    {
        await using var taken = new TransportEnd();
        await using var other = new TransportEnd();
        var refused = Assert.Throws<MesharaException>(() => other.Swarm.Listen(taken.Endpoint));
        Assert.Equal(ErrorCodes.Listen, refused.Code);
        Assert.Contains("in use", refused.Message, StringComparison.Ordinal);
        Assert.Contains(taken.Endpoint.ToString(), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_fails_at_once_when_the_connection_ends()
    {
        await using var left = new TransportEnd(new TransportOptions { RequestTimeout = TimeSpan.FromMinutes(10) });
        await using var right = new TransportEnd { OnFrame = (connection, _) => { connection.Close("test"); return ValueTask.CompletedTask; } };
        var connection = await left.ConnectAsync(right);
        var refused = await Assert.ThrowsAnyAsync<MesharaException>(() => Eventually.InTimeAsync(
            connection.RequestAsync(new Frame { FindNode = new FindNode() }, TestContext.Current.CancellationToken)));
        Assert.Equal(ErrorCodes.Unreachable, refused.Code);
    }

    [Fact]
    public async Task A_request_that_nobody_answers_ends_after_its_timeout()
    {
        await using var left = new TransportEnd(new TransportOptions { RequestTimeout = TimeSpan.FromMilliseconds(100) });
        await using var right = new TransportEnd();
        var connection = await left.ConnectAsync(right);
        var refused = await Assert.ThrowsAnyAsync<MesharaException>(() => connection.RequestAsync(new Frame { FindNode = new FindNode() }, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCodes.Unreachable, refused.Code);
        Assert.True(connection.IsOpen);
    }

    [Fact]
    public async Task A_handler_that_fails_unexpectedly_ends_its_connection_and_leaves_nothing_behind()
    {
        await using var left = new TransportEnd();
        await using var right = new TransportEnd { OnFrame = (_, _) => throw new InvalidOperationException("a defect") };
        var connection = await left.ConnectAsync(right);
        await connection.SendAsync(TransportEnd.Numbered(1), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => left.Swarm.Count == 0 && right.Swarm.Count == 0, "both ends have dropped the connection");
        // Reported right after the connection has left the swarm.
        await Eventually.TrueAsync(() => left.Disconnects == 1 && right.Disconnects == 1, "both ends have said so");
        await Eventually.EqualAsync(right.Metrics.Sum("meshara.connections.opened"), () => right.Metrics.Sum("meshara.connections.closed"));
        right.OnFrame = (_, _) => ValueTask.CompletedTask;
        Assert.True((await left.ConnectAsync(right)).IsOpen);
    }

    private static bool IsOne(TransportEnd left, TransportEnd right) =>
        left.Swarm.Count == 1 && right.Swarm.Count == 1
        && left.Swarm.TryGet(right.Identity.Address, out var one) && right.Swarm.TryGet(left.Identity.Address, out var other)
        && one.DialNumber == other.DialNumber && one.Outbound != other.Outbound;
}
