namespace Meshara.Node.Storage;

/// <summary>The failures that an accepted message survives.</summary>
public enum StorageDurability
{
    /// <summary>
    /// The end of the node itself, however sudden: a crash, SIGKILL, an out-of-memory kill. Commits reach the operating system,
    /// which writes them to the disk in its own time. A power loss or a crash of the operating system can undo the last seconds:
    /// accepted messages that were not yet delivered are then lost, and so are received ones, even if acknowledged. The database
    /// stays consistent.
    /// </summary>
    Normal,

    /// <summary>
    /// Also a power loss and a crash of the operating system, if the disk keeps what it reports as written: every commit
    /// waits for it.
    /// </summary>
    Full,

    /// <summary>None: a restart begins empty, and may deliver again what was delivered before. No file is written.</summary>
    Memory,
}
