namespace Meshara.Node;

/// <summary>
/// Limits the bytes being worked on. Callers that find no room wait in order; an item larger than the capacity is admitted
/// alone. Safe for concurrent use.
/// </summary>
internal sealed class ByteRoom(long capacity)
{
    private readonly Lock _gate = new();
    private readonly Queue<(int Size, TaskCompletionSource Turn)> _waiting = new();
    private long _used;

    /// <summary>Takes room, to be given back with <see cref="Leave"/>.</summary>
    public ValueTask EnterAsync(int size, CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_gate)
        {
            if (_waiting.Count == 0 && TryTake(size))
                return ValueTask.CompletedTask;
            turn = new TaskCompletionSource(Work.Asynchronously);
            _waiting.Enqueue((size, turn));
        }
        return new ValueTask(WaitAsync(turn, cancellationToken));
    }

    /// <summary>Gives room back.</summary>
    public void Leave(int size)
    {
        lock (_gate)
        {
            _used -= size;
            while (_waiting.TryPeek(out var next))
            {
                if (next.Turn.Task.IsCompleted)
                {
                    _waiting.Dequeue(); // it was cancelled
                    continue;
                }
                if (!TryTake(next.Size))
                    return;
                _waiting.Dequeue();
                if (!next.Turn.TrySetResult())
                    _used -= next.Size; // it was cancelled just now
            }
        }
    }

    private bool TryTake(int size)
    {
        if (_used > 0 && _used + size > capacity)
            return false;
        _used += size;
        return true;
    }

    private static async Task WaitAsync(TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        using var cancelled = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn);
        await turn.Task;
    }
}
