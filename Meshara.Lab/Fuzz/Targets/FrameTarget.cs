using System.Buffers.Binary;
using Google.Protobuf;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// What a peer sends after the handshake: the stream is cut into frames, and a complete node, which has no sockets, handles each.
/// </summary>
internal sealed class FrameTarget : FuzzTarget, IDisposable
{
    private static readonly TransportOptions Options = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-fuzz-").FullName;
    private readonly SteppedTime _time = new();
    private readonly WebApplication _node;
    private readonly FrameDispatcher _dispatcher;
    private readonly PeerConnection _peer;

    public FrameTarget()
    {
        KeyFileTarget.Write(Path.Combine(_folder, NodeHost.KeyFileName), FuzzKeys.Self);
        var settings = new Dictionary<string, string?>
        {
            ["Node:DataDirectory"] = _folder, ["Storage:Durability"] = "memory", ["Api:Port"] = "0", ["Metrics:Port"] = "0", ["MESHARA_LOG"] = "off",
        };
        _node = NodeHost.Build(NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()), _time);
        _dispatcher = _node.Services.GetRequiredService<FrameDispatcher>();
        var time = _node.Services.GetRequiredService<TimeProvider>();
        var link = new PeerLink(Stream.Null, static () => { }, "127.0.0.1:1", "00", AddressGroup: null, Outbound: false, DialNumber: 1);
        _peer = new PeerConnection(
            link, new FrameReader(Stream.Null, Options.MaxFrameBytes), new FrameWriter(Stream.Null, Options.SendBufferBytes, time), FuzzKeys.Record(),
            Options, _node.Services.GetRequiredService<MeshTelemetry>(), time) { Version = 2 };
    }

    public override int MaxBytes => 16 * 1024;

    public override IEnumerable<byte[]> Seeds() => Frames().Select(frame => Prefixed(frame.ToByteArray()));

    public override void Run(byte[] input)
    {
        _time.Step();
        var reader = new FrameReader(new MemoryStream(input), Options.MaxFrameBytes);
        // Cancelled from the beginning: what would wait for a worker of the node ends.
        var cancelled = new CancellationToken(canceled: true);
        try
        {
            while (reader.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult() is { } frame)
            {
                try
                {
                    _peer.OnFrameAsync(_dispatcher, frame, cancelled).AsTask().GetAwaiter().GetResult();
                }
                catch (OperationCanceledException)
                {
                    // The frame is valid, and a worker would take it now.
                }
            }
        }
        catch (MesharaException e) when (e.Code == ErrorCodes.Protocol)
        {
            // The connection ends.
        }
        catch (EndOfStreamException)
        {
            // As if the peer had died.
        }
    }

    public void Dispose()
    {
        _peer.Dispose();
        _node.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The frame as it goes on the wire.</summary>
    public static byte[] Prefixed(byte[] body)
    {
        var bytes = new byte[sizeof(int) + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, body.Length);
        body.CopyTo(bytes, sizeof(int));
        return bytes;
    }

    private static IEnumerable<Frame> Frames()
    {
        var record = FuzzKeys.Record().Wire;
        var key = ByteString.CopyFrom(new byte[BroadcastKey.Size]);
        var address = ByteString.CopyFrom(FuzzKeys.Peer.Address.ToBytes());
        var anchor = ByteString.CopyFrom(new byte[32]);
        var member = MemberState.Sign(FuzzKeys.Peer, 1_767_323_045_000_000, left: false, anchor);
        var id = ByteString.CopyFrom(FuzzKeys.Id(1).ToBytes());
        yield return new Frame { Envelope = FuzzKeys.Message().Wire };
        yield return new Frame { Envelope = FuzzKeys.Message(MessageType.Broadcast).Wire };
        yield return new Frame { Envelope = FuzzKeys.Message(MessageType.Ack).NextHop(FuzzKeys.Self.Address, default) };
        yield return new Frame { Hello = new Hello { Record = record, Agent = "meshara/0", DialNumber = 7, Protocol = 2, OldestProtocol = 1 } };
        yield return new Frame { Correlation = 1, Ping = new Ping() };
        yield return new Frame { Correlation = 1, Pong = new Pong { Clock = new Clock { Wall = 1_767_323_045_000_000, Steady = 1 } } };
        yield return new Frame { Correlation = 2, FindNode = new FindNode { Target = anchor } };
        yield return new Frame { FoundNodes = new FoundNodes { Records = { record, record } } };
        yield return new Frame { Correlation = 3, StoreRecord = new StoreRecord { Record = record } };
        yield return new Frame { Announce = new Announce { Keys = { key, key } } };
        yield return new Frame { Want = new Want { Keys = { key }, Graft = true } };
        yield return new Frame { Prune = new Prune() };
        yield return new Frame { Cloned = new Cloned { Refused = true } };
        yield return new Frame { Undeliverable = new Undeliverable { Id = id, Sender = address, Recipient = address } };
        yield return new Frame { Members = new Members { Members_ = { member, MemberState.Beat(member) }, View = 7, More = true } };
        yield return new Frame { Members = new Members { Buckets = { Enumerable.Repeat(7u, 16) } } };
        yield return new Frame { Correlation = 4, Deposit = new Deposit { Envelope = FuzzKeys.Message().Wire } };
        yield return new Frame { Correlation = 5, Handover = new Handover { Envelope = FuzzKeys.Message().Wire } };
    }
}
