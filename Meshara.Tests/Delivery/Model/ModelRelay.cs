using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Envelope = Meshara.Node.Protocol.Envelope;

namespace Meshara.Tests.Delivery.Model;

/// <summary>A relay: the decisions of <see cref="Node.Routing.Forwarder"/> and <see cref="Node.Delivery.Depot"/> on a real store.</summary>
internal sealed class ModelRelay(NodeAddress address, NodeAddress recipient, NodeClock clock, IModelStore store)
{
    // Handed over and not yet answered.
    private readonly HashSet<MessageId> _handed = [];

    public IModelStore Store => store;

    public async Task<IReadOnlyList<HeldMessage>> HeldAsync() => await store.Relayed.TakeHeldAsync(recipient, 64, CancellationToken.None);

    public bool IsHandingOver => _handed.Count > 0;

    /// <summary>Passes a message on, or reports that it cannot.</summary>
    public FrameInFlight? PassOn(FrameInFlight frame, bool isConnected)
    {
        var envelope = Parse(frame);
        if (!envelope.Arrive(clock.Steady, World.LongestLife))
            return null;
        return isConnected
            ? new FrameInFlight(FrameKind.Message, frame.Sender, frame.Id, envelope.NextHop(address, default, clock.Steady))
            : new FrameInFlight(FrameKind.Undeliverable, frame.Sender, frame.Id);
    }

    /// <summary>Keeps a message for the recipient.</summary>
    public async Task<FrameInFlight?> HoldAsync(FrameInFlight frame)
    {
        var envelope = Parse(frame);
        if (!envelope.Arrive(clock.Steady, World.LongestLife))
            return null;
        var held = new HeldMessage(envelope.Recipient, envelope.Sender, envelope.Id, envelope.Wire.ToByteArray(), envelope.Ends);
        var result = await store.Relayed.HoldAsync(held, CancellationToken.None);
        return result == HoldResult.OverQuota ? null : new FrameInFlight(FrameKind.Deposited, frame.Sender, frame.Id);
    }

    /// <summary>Hands everything over that it keeps.</summary>
    public async Task<List<FrameInFlight>> HandOverAsync(Func<NodeAddress, int> indexOf)
    {
        List<FrameInFlight> frames = [];
        foreach (var message in await HeldAsync())
        {
            var wire = Node.Protocol.Wire.Envelope.Parser.ParseFrom(message.Envelope.Span);
            Envelope.SetAge(wire, message.Expires - Lives.Bounded(Envelope.LifeOf(wire), World.LongestLife), clock.Steady);
            _handed.Add(message.Id);
            frames.Add(new FrameInFlight(FrameKind.Handover, indexOf(message.Sender), message.Id, wire));
        }
        return frames;
    }

    public async Task OnHandedOverAsync(FrameInFlight frame, NodeAddress sender)
    {
        // An answer to a request that has failed meanwhile is nobody's.
        if (_handed.Remove(frame.Id) && frame.Answer == AckStatus.Delivered)
            await store.Relayed.ReleaseAsync([(sender, frame.Id)], CancellationToken.None);
    }

    /// <summary>The connection to the recipient broke, and with it every request on it.</summary>
    public void OnDisconnected() => _handed.Clear();

    public Task CrashAsync()
    {
        _handed.Clear();
        return store.CrashAsync();
    }

    public async Task<string> FingerprintAsync(Func<MessageId, string> nameOf) =>
        $"{string.Join(',', (await HeldAsync()).Select(message => nameOf(message.Id)))}/{string.Join(',', _handed.Select(nameOf).Order())}";

    private static Envelope Parse(FrameInFlight frame) => Envelope.TryRestore(frame.Wire!, out var envelope)
        ? envelope
        : throw new InvalidOperationException("A message of the model is malformed.");
}
