using Google.Protobuf;
using Google.Protobuf.Reflection;
using Meshara.Harness;
using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Tests.Mesh;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageId = Meshara.Node.Protocol.MessageId;
using MessageType = Meshara.Node.Protocol.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Protocol.Compatibility;

/// <summary>
/// Whatever a release has sent, all later releases can read. <c>fields.txt</c> lists every field of the format, and <c>frames.txt</c> holds
/// frames written by the first version of the protocol. Lines are added to both, but never changed.
/// </summary>
public sealed class WireFormatTests
{
    private const string Private = "a sealed message of the first version";
    private const string Broadcast = "a broadcast of the first version";

    // The sender's and the recipient's keys, created for these frames and used nowhere else.
    private static readonly byte[] SenderSecret = [.. Enumerable.Range(1, 64).Select(i => (byte)i)];
    private static readonly byte[] RecipientSecret = [.. Enumerable.Range(101, 64).Select(i => (byte)i)];

    [Fact]
    public void Fields_are_added_to_the_wire_format_and_never_changed()
    {
        var present = Fields(MesharaReflection.Descriptor.MessageTypes).Concat(Values(MesharaReflection.Descriptor.EnumTypes)).Order(StringComparer.Ordinal);
        Assert.Equal(File.ReadAllLines(PathOf("fields.txt")), present);
    }

    [Fact]
    public void Every_kind_of_frame_has_been_recorded() => Assert.Equal(
        Frame.Descriptor.Oneofs.Single().Fields.Select(field => field.Name).Order(StringComparer.Ordinal),
        Frames().Select(BodyOf).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Frames_of_the_first_version_are_read_as_they_were_written() =>
        Assert.All(Recorded(), line => Assert.Equal(line, Convert.ToBase64String(Frame.Parser.ParseFrom(Convert.FromBase64String(line)).ToByteArray())));

    [Fact]
    public void Signatures_of_the_first_version_are_valid()
    {
        var envelopes = Frames().Select(EnvelopeOf).OfType<Node.Protocol.Wire.Envelope>().ToList();
        Assert.Contains(envelopes, wire => wire.BatchSize > 1);
        Assert.All(envelopes, wire => Assert.True(Envelope.TryParse(wire, out var envelope, out var reason) && envelope.HasValidSignature(), reason));
        var records = Frames().SelectMany(RecordsOf).ToList();
        Assert.NotEmpty(records);
        Assert.All(records, wire => Assert.True(PeerRecord.TryVerify(wire, DateTimeOffset.UnixEpoch, out _)));
        var members = Frames().Where(frame => frame.Members is not null).SelectMany(frame => frame.Members.Members_).ToList();
        Assert.Contains(members, member => member.Beats > 0);
        Assert.All(members, member => Assert.True(MemberState.IsAuthentic(member, known: null)));
    }

    [Fact]
    public void A_message_that_was_sealed_by_the_first_version_is_opened()
    {
        using var recipient = NodeIdentity.Import(RecipientSecret);
        var opener = new Opener(recipient, TimeProvider.System);
        var messages = Frames().Select(frame => frame.Envelope).Where(wire => wire?.Type == Node.Protocol.Wire.MessageType.Private).ToList();
        Assert.NotEmpty(messages);
        var contents = messages.ConvertAll(wire =>
            Envelope.TryParse(wire, out var envelope, out _) && opener.TryOpen(envelope, out var content) ? System.Text.Encoding.UTF8.GetString(content) : "");
        Assert.Equal([Private, "one of three", "two of three", "three of three"], contents);
    }

    /// <summary>
    /// Appends frames to the recording. Run it with <c>-explicit only</c> for a new kind of frame; keep the existing ones.
    /// </summary>
    [Fact(Explicit = true)]
    public void Record_frames()
    {
        using var sender = NodeIdentity.Import(SenderSecret);
        using var recipient = NodeIdentity.Import(RecipientSecret);
        var recorded = Frames().Select(BodyOf).ToHashSet();
        File.AppendAllLines(PathOf("frames.txt"), Make(sender, recipient).Where(frame => !recorded.Contains(BodyOf(frame)))
            .Select(frame => Convert.ToBase64String(frame.ToByteArray())));
        File.WriteAllLines(PathOf("fields.txt"), Fields(MesharaReflection.Descriptor.MessageTypes)
            .Concat(Values(MesharaReflection.Descriptor.EnumTypes)).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<Frame> Make(NodeIdentity sender, NodeIdentity recipient)
    {
        var now = new DateTimeOffset(2026, 11, 30, 0, 0, 0, TimeSpan.Zero);
        var record = Peers.Record(sender, now.AddDays(1)).Wire;
        var target = Peers.Record(recipient, now.AddDays(1));
        var key = ByteString.CopyFrom(new byte[BroadcastKey.Size]);
        var clock = new Clock { Wall = now.ToUnixTimeMilliseconds() * 1000, Steady = 5_000_000 };
        var sealer = new Sealer(sender, Microsoft.Extensions.Options.Options.Create(new SealingOptions()), TimeProvider.System);
        var message = Sealed(Private);
        Envelope.Sign(sender, [message]);
        Envelope[] batch = [Sealed("one of three"), Sealed("two of three"), Sealed("three of three")];
        Envelope.Sign(sender, batch);
        var heartbeat = new Heartbeat(sender, 1);
        yield return new Frame { Hello = new Hello { Record = record, Agent = "meshara/0.1.0", DialNumber = 7, Clock = clock, Protocol = 1, OldestProtocol = 1 } };
        yield return new Frame { Envelope = message.Wire };
        foreach (var envelope in batch)
            yield return new Frame { Envelope = envelope.Wire };
        yield return Peers.Broadcast(sender, Broadcast, now);
        yield return Peers.Ack(recipient, sender.Address, message.Id);
        yield return new Frame { Correlation = 3, Ping = new Ping() };
        yield return new Frame { Correlation = 3, Pong = new Pong { Clock = clock } };
        yield return new Frame { Correlation = 4, FindNode = new FindNode { Target = ByteString.CopyFrom(recipient.Address.ToBytes()) } };
        yield return new Frame { Correlation = 4, FoundNodes = new FoundNodes { Records = { record, target.Wire } } };
        yield return new Frame { StoreRecord = new StoreRecord { Record = record } };
        yield return new Frame { Announce = new Announce { Keys = { key } } };
        yield return new Frame { Want = new Want { Keys = { key }, Graft = true } };
        yield return new Frame { Undeliverable = new Undeliverable { Id = message.Wire.Id, Sender = message.Wire.Sender, Recipient = message.Wire.Recipient } };
        yield return new Frame { Members = new Members { Members_ = { heartbeat.Next(), heartbeat.Next() } } };
        yield return new Frame { Correlation = 5, Deposit = new Deposit { Envelope = message.Wire } };
        yield return new Frame { Correlation = 5, Deposited = new Deposited { Held = true } };
        yield return new Frame { Correlation = 6, Handover = new Handover { Envelope = message.Wire } };
        yield return new Frame { Correlation = 6, HandedOver = new HandedOver { Refused = true } };
        yield return new Frame { Prune = new Prune() };
        yield return new Frame { Cloned = new Cloned { Refused = true } };

        Envelope Sealed(string text) => Envelope.CreateUnsigned(
            sender, MessageType.Private, MessageId.Create(now), recipient.Address, now, now.AddHours(1),
            header => sealer.Seal(target, header, System.Text.Encoding.UTF8.GetBytes(text)), parent: null);
    }

    private static IEnumerable<string> Fields(IEnumerable<MessageDescriptor> messages) =>
        from message in messages
        from field in message.Fields.InFieldNumberOrder()
        select $"{message.FullName} {field.FieldNumber:000} {field.Name} {(field.IsRepeated ? "repeated " : "")}{TypeOf(field)}";

    private static IEnumerable<string> Values(IEnumerable<EnumDescriptor> types) =>
        from type in types
        from value in type.Values
        select $"{type.FullName} {value.Number:000} {value.Name}";

    private static string TypeOf(FieldDescriptor field) => field.FieldType switch
    {
        FieldType.Message => field.MessageType.FullName,
        FieldType.Enum => field.EnumType.FullName,
        var simple => simple.ToString().ToLowerInvariant(),
    };

    private static string BodyOf(Frame frame) => Frame.Descriptor.Oneofs.Single().Accessor.GetCaseFieldDescriptor(frame).Name;

    private static Node.Protocol.Wire.Envelope? EnvelopeOf(Frame frame) => frame.Envelope ?? frame.Deposit?.Envelope ?? frame.Handover?.Envelope;

    private static IEnumerable<Node.Protocol.Wire.PeerRecord> RecordsOf(Frame frame) =>
        frame.FoundNodes?.Records ?? new[] { frame.Hello?.Record, frame.StoreRecord?.Record }.OfType<Node.Protocol.Wire.PeerRecord>();

    private static List<Frame> Frames() => [.. Recorded().Select(line => Frame.Parser.ParseFrom(Convert.FromBase64String(line)))];

    private static string[] Recorded() => File.Exists(PathOf("frames.txt")) ? File.ReadAllLines(PathOf("frames.txt")) : [];

    private static string PathOf(string file) => Path.Combine(Locations.Repository(), "Meshara.Tests", "Protocol", "Compatibility", file);
}
