namespace Meshara.Node.Storage;

/// <summary>The condition of a store.</summary>
internal enum StorageState
{
    /// <summary>It works.</summary>
    Healthy,

    /// <summary>Everything is written, but later than it should be.</summary>
    Slow,

    /// <summary>Nothing is written: no message is accepted, and none from peers is acknowledged.</summary>
    Failed,
}
