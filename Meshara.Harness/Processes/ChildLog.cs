using System.Text;

namespace Meshara.Harness.Processes;

/// <summary>
/// The log file of a child process. It is rotated to <c>NAME.1.log</c> when it is opened and whenever it reaches its limit, so a child
/// never uses more than about twice the limit, over any number of runs.
/// </summary>
internal sealed class ChildLog : IDisposable
{
    private const int TailLines = 20;

    private readonly Lock _gate = new();
    private readonly Queue<string> _tail = new();
    private readonly long _limit;
    private StreamWriter? _writer;
    private long _written;

    /// <param name="path">The file, ending in <c>.log</c>; its folder is created.</param>
    /// <param name="limit">Size in bytes at which the file is rotated.</param>
    public ChildLog(string path, long limit = 10 * 1024 * 1024)
    {
        Path = path;
        _limit = limit;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        _writer = Begin();
    }

    /// <summary>The file being written.</summary>
    public string Path { get; }

    /// <summary>The rotated file, with the lines before those in <see cref="Path"/>.</summary>
    public string PreviousPath => System.IO.Path.ChangeExtension(Path, ".1.log");

    /// <summary>The last lines, oldest first.</summary>
    public IReadOnlyList<string> Tail
    {
        get
        {
            lock (_gate)
                return [.. _tail];
        }
    }

    /// <summary>Appends a line and flushes it to the operating system, so that readers that follow the file see it at once.</summary>
    public void Append(string line)
    {
        lock (_gate)
        {
            if (line.Length > 0)
                _tail.Enqueue(line);
            if (_tail.Count > TailLines)
                _tail.Dequeue();
            if (_writer is null)
                return;
            if (_written >= _limit)
            {
                _writer.Dispose();
                _writer = Begin();
            }

            _writer.WriteLine(line);
            _written += Encoding.UTF8.GetByteCount(line) + _writer.NewLine.Length;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _writer?.Dispose();
            _writer = null;
        }
    }

    private StreamWriter Begin()
    {
        if (File.Exists(Path))
            File.Move(Path, PreviousPath, overwrite: true);
        _written = 0;
        // Other processes may read, move or delete the file while it is open.
        return new StreamWriter(new FileStream(Path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            AutoFlush = true,
        };
    }
}
