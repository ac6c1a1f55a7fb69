using System.Text;

namespace Meshara.Harness.Processes;

/// <summary>
/// The log file of one child. Opening it moves the log of the run before to <c>NAME.1.log</c>; while running the same
/// happens whenever it reaches its limit. A child thus never takes more than twice the limit, across any number of runs.
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
    /// <param name="limit">Bytes after which a new file is begun.</param>
    public ChildLog(string path, long limit = 10 * 1024 * 1024)
    {
        Path = path;
        _limit = limit;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        _writer = Begin();
    }

    /// <summary>The file being written.</summary>
    public string Path { get; }

    /// <summary>Where the lines before it are.</summary>
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

    /// <summary>Appends a line; it is on disk (or with the operating system) when this returns, for people who follow the file.</summary>
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
        // Others may read and move the file while it is written.
        return new StreamWriter(new FileStream(Path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            AutoFlush = true,
        };
    }
}
