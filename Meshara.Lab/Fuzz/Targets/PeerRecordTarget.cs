using Google.Protobuf;
using Meshara.Node.Protocol;
using Wire = Meshara.Node.Protocol.Wire;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>A record that a peer tells of itself or of others, as it came and signed by the peer.</summary>
internal sealed class PeerRecordTarget : FuzzTarget
{
    public override IEnumerable<string> Words => ["tcp://", "relay://", "127.0.0.1", "[::1]", ":8443", "example.org", "localhost"];

    public override IEnumerable<byte[]> Seeds()
    {
        yield return FuzzKeys.Record().Wire.ToByteArray();
        yield return PeerRecord.Create(
            FuzzKeys.Peer, "long name é", [PeerEndpoint.Tcp("::1", 65535), PeerEndpoint.Tcp("node-1.example.org", 8443)], 2, FuzzKeys.Now.AddHours(1))
            .Wire.ToByteArray();
    }

    public override void Run(byte[] input)
    {
        Wire.PeerRecord wire;
        try
        {
            wire = Wire.PeerRecord.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return;
        }
        Read(wire);
        FuzzKeys.Sign(wire);
        Read(wire);
    }

    private static void Read(Wire.PeerRecord wire)
    {
        PeerRecord.TryVerify(wire, FuzzKeys.Now, out _);
        PeerRecord.TryRecall(wire, out _);
        if (!PeerRecord.TryVerifyOwn(wire, FuzzKeys.Peer.Address, FuzzKeys.Now, out var record))
            return;
        foreach (var endpoint in record.Endpoints)
            _ = endpoint.Text;
    }
}
