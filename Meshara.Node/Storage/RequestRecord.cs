using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>Records what a client's request produced, so that repeating the request produces nothing else.</summary>
/// <param name="Key">The idempotency key that the client chose.</param>
/// <param name="Fingerprint">The fingerprint of everything the client asked for.</param>
/// <param name="Id">The message it produced.</param>
/// <param name="Expires">When it may be forgotten, by <see cref="Clocks.NodeClock.Steady"/>.</param>
internal sealed record RequestRecord(string Key, ReadOnlyMemory<byte> Fingerprint, MessageId Id, DateTimeOffset Expires);
