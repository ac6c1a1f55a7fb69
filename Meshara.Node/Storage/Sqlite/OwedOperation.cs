using System.Collections.Concurrent;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// A message's final state on its way to the disk. Nobody waits for it, so nobody could retry it: the writer keeps it until
/// the disk takes it, and until then it is found in memory.
/// </summary>
internal sealed class OwedOperation(MessageStatus final, ConcurrentDictionary<MessageId, MessageStatus> unwritten) : WriteOperation
{
    public override void Apply(WriteSession session) => session.Complete(final);

    public override void Complete() => unwritten.TryRemove(final.Id, out _);

    /// <summary>Called only if this program is at fault; the message is then sent again after a restart.</summary>
    public override void Fail(Exception failure) => unwritten.TryRemove(final.Id, out _);
}
