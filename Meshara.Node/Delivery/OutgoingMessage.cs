using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>An accepted message while it is pending. One worker at a time attempts it; it ends exactly once.</summary>
internal sealed class OutgoingMessage(OutgoingRecord record, Activity? span, long acceptedTimestamp)
{
    // Keys, signature, seal, trace and headers.
    private const int EnvelopeBytes = 384;

    private int _finished;

    public MessageId Id => Record.Id;

    public NodeAddress Recipient => Record.Recipient;

    /// <summary>The stored record; replaced once if the message is sealed late.</summary>
    public OutgoingRecord Record { get; set; } = record;

    /// <summary>
    /// The span <c>send_message</c>, open until the message ends; null if it is not recorded or was started before a restart.
    /// </summary>
    public Activity? Span { get; } = span;

    /// <summary>The span <c>create_message</c>; <c>default</c> if it is not recorded or was made before a restart.</summary>
    public ActivityContext Creation { get; set; }

    /// <summary>True if it is sealed but not signed.</summary>
    public bool IsUnsigned => Record.Sealed is { IsSigned: false };

    /// <summary>Monotonic time of acceptance.</summary>
    public long AcceptedTimestamp { get; } = acceptedTimestamp;

    public int Attempts { get; set; }

    /// <summary>Monotonic time of the last hand-over to a peer.</summary>
    public long SentTimestamp { get; set; }

    /// <summary>The connection it was last handed to, and the position in that stream after which it has left; null before.</summary>
    public (PeerConnection Hop, long Position)? Departure { get; set; }

    /// <summary>False while it is still queued on the connection it was handed to.</summary>
    public bool HasLeft => Departure is not { } departure || departure.Hop.HasLeft(departure.Position);

    /// <summary>Its approximate size on the wire: the content and the envelope around it.</summary>
    public int Bytes => Record.ContentLength + EnvelopeBytes;

    /// <summary>Why the last attempt failed; null if none has.</summary>
    public string? LastFailure { get; set; }

    /// <summary>Number of relays that keep a copy for the recipient.</summary>
    public int HeldBy { get; set; }

    /// <summary>True once it has been handed to a peer at least once.</summary>
    public bool WasSent { get; set; }

    public bool IsFinished => Volatile.Read(ref _finished) != 0;

    /// <summary>True for the one caller that ends it.</summary>
    public bool TryFinish() => Interlocked.Exchange(ref _finished, 1) == 0;

    public MessageStatus Status(MessageState state, DateTimeOffset? completedAt, string? reason) =>
        new(Id, Recipient, state, Attempts, Record.AcceptedAt, Record.Expires, completedAt, reason, HeldBy);
}
