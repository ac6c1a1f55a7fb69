using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>A few connections that read. Each sees the last commit; none waits for the writer or makes it wait.</summary>
internal sealed class ReaderPool(string path) : IDisposable
{
    private const int Size = 4;

    private readonly SemaphoreSlim _free = new(Size);
    private readonly ConcurrentBag<ReadSession> _idle = [];
    private volatile bool _closed;

    /// <summary>Runs a read with a connection to itself.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    public async ValueTask<TResult> ReadAsync<TState, TResult>(TState state, Func<ReadSession, TState, TResult> read, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        try
        {
            if (_closed)
                throw new MesharaException(ErrorCodes.Storage, "The node is stopping and reads nothing more.");
            var session = _idle.TryTake(out var idle) ? idle : new ReadSession(path);
            try
            {
                var result = read(session, state);
                _idle.Add(session);
                return result;
            }
            catch
            {
                // After a failure it may be halfway through a statement, or open on a disk that is gone.
                session.Dispose();
                throw;
            }
        }
        catch (SqliteException e)
        {
            throw StorageFailure.Of(e, path);
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>
    /// Closes the connections once the current reads have finished; further reads wait until <see cref="Resume"/>.
    /// </summary>
    public void Suspend()
    {
        for (var taken = 0; taken < Size; taken++)
            _free.Wait();
        CloseIdle();
    }

    /// <summary>Lets reads continue, on new connections.</summary>
    public void Resume() => _free.Release(Size);

    /// <summary>Closes the connections once the current reads have finished; further reads fail.</summary>
    public async ValueTask CloseAsync()
    {
        _closed = true;
        for (var taken = 0; taken < Size; taken++)
            await _free.WaitAsync();
        CloseIdle();
        _free.Release(Size);
    }

    public void Dispose() => _free.Dispose();

    private void CloseIdle()
    {
        while (_idle.TryTake(out var idle))
            idle.Dispose();
    }
}
