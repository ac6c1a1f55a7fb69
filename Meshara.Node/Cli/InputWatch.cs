namespace Meshara.Node.Cli;

/// <summary>
/// Cancels when standard input closes. The system closes it whenever the process that held the other end is gone,
/// however it died, which makes this the one sign of a parent's death that works the same everywhere.
/// </summary>
internal sealed class InputWatch : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _target;

    private InputWatch(CancellationTokenSource target) => _target = target;

    /// <summary>Watches until the input ends or the watch is disposed, whichever is first.</summary>
    public static InputWatch Start(Stream input, CancellationTokenSource target)
    {
        var watch = new InputWatch(target);
        // A thread of its own: a console read blocks and cannot be cancelled. In the background it keeps no process alive.
        new Thread(() => watch.Drain(input)) { IsBackground = true, Name = "stdin watch" }.Start();
        return watch;
    }

    /// <summary>From here on the end of the input changes nothing.</summary>
    public void Dispose()
    {
        lock (_gate)
            _target = null;
    }

    private void Drain(Stream input)
    {
        Span<byte> ignored = stackalloc byte[256];
        try
        {
            while (input.Read(ignored) > 0)
            {
                // What is written to a node's input means nothing.
            }
        }
        catch (IOException)
        {
            // A broken input is as closed as an ended one.
        }
        // Asynchronously: the callbacks drain a node, and must not run under this lock.
        lock (_gate)
            _ = _target?.CancelAsync();
    }
}
