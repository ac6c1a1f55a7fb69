using System.Collections.Concurrent;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// How a message ended, on its way to the disk. Nobody waits for it, so nobody could repeat it: the writer keeps it until the disk
/// takes it, and until then it is found here.
/// </summary>
internal sealed class OwedOperation(MessageStatus final, ConcurrentDictionary<MessageId, MessageStatus> unwritten) : WriteOperation
{
    public override void Apply(WriteSession session) => session.Complete(final);

    public override void Complete() => unwritten.TryRemove(final.Id, out _);

    /// <summary>Only when the program is at fault; the message is sent again after a restart.</summary>
    public override void Fail(Exception failure) => unwritten.TryRemove(final.Id, out _);
}
