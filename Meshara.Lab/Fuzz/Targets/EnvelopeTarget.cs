using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;
using Wire = Meshara.Node.Protocol.Wire;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// A message, and everything that its recipient and its relays read from it. What comes after the signature is read even when the
/// signature is wrong: a peer may sign anything.
/// </summary>
internal sealed class EnvelopeTarget : FuzzTarget
{
    private static readonly TimeSpan LongestLife = new DeliveryOptions().MaxTimeToLive;

    private readonly SteppedTime _time = new();
    private readonly Opener _opener;
    private readonly VerifiedBatches _verified;
    private readonly NodeClock _clock;

    public EnvelopeTarget() => (_opener, _verified, _clock) = (new Opener(FuzzKeys.Self, _time), new VerifiedBatches(_time), NodeClock.Of(_time));

    public override IEnumerable<byte[]> Seeds()
    {
        var message = FuzzKeys.Message();
        Envelope[] batch = [FuzzKeys.Message(), FuzzKeys.Message(), FuzzKeys.Message()];
        Envelope.Sign(FuzzKeys.Peer, batch);
        var acknowledgment = new Wire.AckPayload { Entries = { new Wire.AckEntry { Id = message.Wire.Id, Status = Wire.AckStatus.Delivered } } };
        yield return message.Wire.ToByteArray();
        yield return message.NextHop(FuzzKeys.Self.Address, default, FuzzKeys.Now).ToByteArray();
        yield return batch[2].Wire.ToByteArray();
        yield return FuzzKeys.Message(MessageType.Broadcast).Wire.ToByteArray();
        yield return Envelope.Create(
            FuzzKeys.Peer, MessageType.Ack, FuzzKeys.Id(2), FuzzKeys.Self.Address, FuzzKeys.Now, FuzzKeys.Now.AddMinutes(5),
            _ => acknowledgment.ToByteString(), parent: null).Wire.ToByteArray();
    }

    public override void Run(byte[] input)
    {
        _time.Step();
        Wire.Envelope wire;
        try
        {
            wire = Wire.Envelope.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return;
        }
        if (!Envelope.TryParse(wire, out var envelope, out _))
            return;
        envelope.HasValidSignature(_verified);
        if (envelope.Arrive(_clock.Steady, LongestLife))
            Lives.IsStale(envelope, FuzzKeys.Self.Address, LongestLife, _clock);
        envelope.HasVisited(FuzzKeys.Self.Address);
        if (envelope.HopCount < envelope.Wire.HopLimit)
            envelope.NextHop(FuzzKeys.Self.Address, TraceContext.Read(wire.TraceContext), _clock.Steady);
        _ = (envelope.Timestamp, envelope.Expires);
        if (envelope.Type == MessageType.Ack)
            ReadAcknowledgment(envelope);
        else
            _opener.TryOpen(envelope, out _);
    }

    private static void ReadAcknowledgment(Envelope envelope)
    {
        try
        {
            foreach (var entry in Wire.AckPayload.Parser.ParseFrom(envelope.Wire.Payload).Entries)
                TraceContext.Read(entry.TraceContext);
        }
        catch (InvalidProtocolBufferException)
        {
            // The acknowledgment is counted as a protocol error.
        }
    }
}
