namespace Meshara.Node.Storage;

/// <summary>How a store does.</summary>
internal enum StorageState
{
    /// <summary>It works.</summary>
    Healthy,

    /// <summary>Everything is written, later than it should be.</summary>
    Slow,

    /// <summary>Nothing is written: no message is accepted, and none from others is acknowledged.</summary>
    Failed,
}
