using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>What a client's request became, so that the same request, repeated, becomes nothing else.</summary>
/// <param name="Key">The client's name for it.</param>
/// <param name="Fingerprint">Of everything it asked for.</param>
/// <param name="Id">The message it became.</param>
/// <param name="Expires">It is remembered until then, by <see cref="Clocks.NodeClock.Steady"/>.</param>
internal sealed record RequestRecord(string Key, ReadOnlyMemory<byte> Fingerprint, MessageId Id, DateTimeOffset Expires);
