namespace Meshara.Node.Storage;

/// <summary>What became of a message that was to be removed from the inbox.</summary>
public enum DeleteResult
{
    /// <summary>There is no such message.</summary>
    NotFound,

    /// <summary>It is gone.</summary>
    Deleted,

    /// <summary>More than one sender has used the id, and none was named.</summary>
    Ambiguous,
}
