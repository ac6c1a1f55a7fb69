namespace Meshara.Node.Storage;

/// <summary>What an accepted message survives.</summary>
public enum StorageDurability
{
    /// <summary>
    /// The node's own end, however sudden: a crash, SIGKILL, an out-of-memory kill. Commits reach the operating system, which
    /// writes them to the disk in its own time, so a power loss or a crash of the operating system can take back the last
    /// seconds: accepted messages that were not yet delivered are then lost, received ones that were acknowledged too. The
    /// database stays consistent.
    /// </summary>
    Normal,

    /// <summary>Also a power loss and a crash of the operating system, as far as the disk keeps what it says it has written: every commit waits for it.</summary>
    Full,

    /// <summary>Nothing: a restart begins empty, and may deliver again what was delivered before. No file is written.</summary>
    Memory,
}
