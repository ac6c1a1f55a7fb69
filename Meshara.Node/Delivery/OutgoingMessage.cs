using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>An accepted message while it is pending. Attempts are made by one worker at a time; it ends exactly once.</summary>
internal sealed class OutgoingMessage(OutgoingRecord record, Activity? span, long acceptedTimestamp)
{
    // Keys, signature, seal, trace and headers.
    private const int EnvelopeBytes = 384;

    private int _finished;

    public MessageId Id => Record.Id;

    public NodeAddress Recipient => Record.Recipient;

    /// <summary>What the store has; replaced once when the message is sealed late.</summary>
    public OutgoingRecord Record { get; set; } = record;

    /// <summary>The span <c>send_message</c>, open until the message ends; null when it is not recorded or was begun before a restart.</summary>
    public Activity? Span { get; } = span;

    /// <summary>The span <c>create_message</c>; <c>default</c> when it is not recorded or was made before a restart.</summary>
    public ActivityContext Creation { get; set; }

    /// <summary>True when it is sealed but not signed.</summary>
    public bool IsUnsigned => Record.Sealed is { IsSigned: false };

    /// <summary>Monotonic time of acceptance.</summary>
    public long AcceptedTimestamp { get; } = acceptedTimestamp;

    public int Attempts { get; set; }

    /// <summary>Monotonic time of the last hand-over to a peer.</summary>
    public long SentTimestamp { get; set; }

    /// <summary>The peer it was handed to last, and the position in what is sent there that it has left with; null before.</summary>
    public (PeerConnection Hop, long Position)? Departure { get; set; }

    /// <summary>False while it waits to leave for the peer that it was handed to.</summary>
    public bool HasLeft => Departure is not { } departure || departure.Hop.HasLeft(departure.Position);

    /// <summary>About its size on the wire: content, and the envelope around it.</summary>
    public int Bytes => Record.ContentLength + EnvelopeBytes;

    /// <summary>What the last attempt failed with.</summary>
    public string? LastFailure { get; set; }

    /// <summary>Relays that keep a copy for the recipient.</summary>
    public int HeldBy { get; set; }

    /// <summary>True once it has been handed to a peer at least once.</summary>
    public bool WasSent { get; set; }

    public bool IsFinished => Volatile.Read(ref _finished) != 0;

    /// <summary>True for the one caller that ends it.</summary>
    public bool TryFinish() => Interlocked.Exchange(ref _finished, 1) == 0;

    public MessageStatus Status(MessageState state, DateTimeOffset? completedAt, string? reason) =>
        new(Id, Recipient, state, Attempts, Record.AcceptedAt, Record.Expires, completedAt, reason, HeldBy);
}
