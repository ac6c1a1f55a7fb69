namespace Meshara.ServiceDefaults;

/// <summary>Bytes the process has moved since it started.</summary>
/// <param name="ReadBytes">Read from storage.</param>
/// <param name="WrittenBytes">Written to storage.</param>
public readonly record struct StorageIo(long ReadBytes, long WrittenBytes);
