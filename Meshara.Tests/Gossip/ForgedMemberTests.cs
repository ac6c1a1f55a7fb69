using Google.Protobuf;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

/// <summary>Views of the mesh trigger pages, so only a member itself may report its state.</summary>
public sealed class ForgedMemberTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_forged_state_of_others_changes_no_view(bool left)
    {
        await using var mesh = new MeshFixture(("Gossip:MemberTimeout", "00:00:03"), ("Gossip:MembershipInterval", "00:00:00.200"));
        var nodes = await mesh.StartManyAsync(3);
        await Eventually.TrueAsync(() => nodes.All(node => node.View.MembershipSize == 3), "everybody is known to everybody");
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(nodes[0]);
        var members = new Members();
        var future = (ulong)DateTimeOffset.UtcNow.AddHours(23).ToMicroseconds();
        members.Members_.AddRange(nodes.Select(node => new Member
        {
            Address = ByteString.CopyFrom(node.Address.ToBytes()), Heartbeat = future, Left = left,
            Signature = ByteString.CopyFrom(new byte[64]), Anchor = ByteString.CopyFrom(new byte[32]), Proof = ByteString.CopyFrom(new byte[32]),
        }));

        await connection.SendAsync(new Frame { Members = members }, Cancel);

        await Eventually.TrueAsync(
            () => nodes[0].Metrics.Sum("meshara.connections.closed", "protocol") == 1 || nodes[0].View.MembershipSize < 3, "the forgery is found, or believed");
        // For longer than a silent member is remembered.
        for (var i = 0; i < 20; i++)
        {
            Assert.All(nodes, node => Assert.Equal(3, node.View.MembershipSize));
            await Task.Delay(TimeSpan.FromMilliseconds(250), Cancel);
        }
    }
}
