using System.Net;
using Meshara.Lab.Drills.Hostile;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

/// <summary>Identities cost nothing, but addresses do: what many identities do from one address is limited per address.</summary>
public sealed class AddressLimitTests
{
    [Fact]
    public async Task One_address_begins_only_so_many_handshakes()
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "Peers need a loopback address of their own.");
        await using var node = new TransportEnd(new TransportOptions { HandshakesPerAddress = 5 });
        await using var crowd = new HostileCrowd(TimeProvider.System);
        var connected = 0;
        for (var i = 0; i < 50; i++)
        {
            var peer = crowd.Add();
            connected += await peer.TryConnectAsync(node.Endpoint.Port, TestContext.Current.CancellationToken) ? 1 : 0;
            await crowd.RemoveAsync(peer);
        }
        Assert.InRange(connected, 5, 40); // five at once, and one more every two seconds
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.connection.errors", "refused") == 50 - connected, "all others are refused and counted");
        await using var friend = new TransportEnd();
        await friend.ConnectAsync(node);
    }

    [Fact]
    public async Task One_address_holds_only_so_many_connections()
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "Peers need a loopback address of their own.");
        await using var node = new TransportEnd(new TransportOptions { MaxConnectionsPerAddress = 3 });
        await using var crowd = new HostileCrowd(TimeProvider.System);
        var peers = Enumerable.Range(0, 6).Select(_ => crowd.Add()).ToList();
        foreach (var peer in peers[..3])
            Assert.True(await peer.TryConnectAsync(node.Endpoint.Port, TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(() => node.Swarm.Count == 3, "three of them are connected");
        foreach (var peer in peers[3..])
            Assert.False(await peer.TryConnectAsync(node.Endpoint.Port, TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.connection.errors", "refused") == 3, "the others are refused and counted");
        await using var friend = new TransportEnd();
        await friend.ConnectAsync(node);
        await Eventually.TrueAsync(() => node.Swarm.Count == 4, "a peer of another address is connected beside the three");
    }

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("192.0.2.1", null)]
    [InlineData("::ffff:192.0.2.1", null)]
    public void An_IPv6_network_counts_as_one_address_and_the_own_machine_as_none(string remote, string? group) =>
        Assert.Equal(group, AddressLimits.Between(IPAddress.Parse(remote), IPAddress.Parse("192.0.2.1"))?.ToString());

    [Fact]
    public async Task Peers_on_the_nodes_own_machine_are_not_limited()
    {
        await using var node = new TransportEnd(new TransportOptions { HandshakesPerAddress = 2, MaxConnectionsPerAddress = 2 });
        var friends = Enumerable.Range(0, 6).Select(_ => new TransportEnd()).ToList();
        foreach (var friend in friends)
            await friend.ConnectAsync(node);
        await Eventually.TrueAsync(() => node.Swarm.Count == 6, "all of them are connected");
        await Task.WhenAll(friends.Select(friend => friend.DisposeAsync().AsTask()));
    }
}
