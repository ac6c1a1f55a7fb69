namespace Meshara.Node.Storage;

/// <summary>The result of removing a message from the inbox.</summary>
public enum DeleteResult
{
    /// <summary>No such message exists.</summary>
    NotFound,

    /// <summary>The message was removed.</summary>
    Deleted,

    /// <summary>Several senders have used the id, and none was named.</summary>
    Ambiguous,
}
