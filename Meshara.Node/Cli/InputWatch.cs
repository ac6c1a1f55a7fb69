namespace Meshara.Node.Cli;

/// <summary>
/// Cancels when standard input closes. The system closes it when the process at the other end is gone, however it died, so this
/// is the one sign of a parent's death that works on every system.
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
        // A dedicated thread: a console read blocks and cannot be cancelled. As a background thread it keeps no process alive.
        new Thread(() => watch.Drain(input)) { IsBackground = true, Name = "stdin watch" }.Start();
        return watch;
    }

    /// <summary>Stops watching: the end of the input no longer cancels anything.</summary>
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
                // Input to a node is ignored.
            }
        }
        catch (IOException)
        {
            // A broken input counts as closed.
        }
        // Cancel asynchronously: the callbacks drain a node and must not run under this lock.
        lock (_gate)
            _ = _target?.CancelAsync();
    }
}
