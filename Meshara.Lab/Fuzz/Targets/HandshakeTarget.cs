using Google.Protobuf;
using Meshara.Node;
using Meshara.Node.Clocks;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// What a peer sends between TLS and the first frame of its own: its greeting. The record in it is read as it came, and signed by the
/// peer. TLS itself is OpenSSL's.
/// </summary>
internal sealed class HandshakeTarget : FuzzTarget
{
    private readonly NodeClock _clock = NodeClock.Of(new SteppedTime());

    public override IEnumerable<string> Words => ["meshara/0.1.0", "tcp://127.0.0.1:8443"];

    public override IEnumerable<byte[]> Seeds()
    {
        var record = FuzzKeys.Record().Wire;
        var clock = new Clock { Wall = FuzzKeys.Now.ToMicroseconds(), Steady = 1 };
        yield return FrameTarget.Prefixed(
            new Frame { Hello = new Hello { Record = record, Agent = "meshara/0.1.0", DialNumber = 7, Clock = clock, Protocol = 2, OldestProtocol = 1 } }.ToByteArray());
        yield return FrameTarget.Prefixed(new Frame { Hello = new Hello { Record = record, Agent = "old" } }.ToByteArray());
        yield return FrameTarget.Prefixed(new Frame { Hello = new Hello { Record = record, Protocol = 9, OldestProtocol = 9 } }.ToByteArray());
        yield return FrameTarget.Prefixed(new Frame { Ping = new Ping() }.ToByteArray());
    }

    public override void Run(byte[] input)
    {
        Frame? frame = null;
        try
        {
            var reader = new FrameReader(new MemoryStream(input), new TransportOptions().MaxFrameBytes);
            frame = reader.ReadAsync(Handshake.MaxHelloBytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            Read(frame);
        }
        catch (MesharaException e) when (e.Code == ErrorCodes.Protocol)
        {
            // The peer is refused.
        }
        catch (EndOfStreamException)
        {
            // As if the peer had died.
        }
        if (frame?.Hello?.Record is not { } record)
            return;
        FuzzKeys.Sign(record);
        try
        {
            Read(frame);
        }
        catch (MesharaException e) when (e.Code == ErrorCodes.Protocol)
        {
            // The peer is refused.
        }
    }

    private void Read(Frame? frame)
    {
        var (hello, _, _) = Handshake.Read(frame, FuzzKeys.Peer.Address, ProtocolVersions.Own, FuzzKeys.Now);
        if (hello.Clock is { } clock && MicrosecondTime.TryFromMicroseconds(clock.Wall, out var wall)
            && MicrosecondTime.TryFromMicroseconds(clock.Steady, out var steady))
            _clock.Peers.Observe(FuzzKeys.Peer.Address, wall, steady, TimeSpan.Zero);
    }
}
