namespace Meshara.ServiceDefaults.Logging;

/// <summary>An output for log lines. Called by one thread; may block.</summary>
internal interface ILineSink : IDisposable
{
    /// <summary>Writes the lines in order and returns how many were lost.</summary>
    int Write(IReadOnlyList<byte[]> lines);
}
