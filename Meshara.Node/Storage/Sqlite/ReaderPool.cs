using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>A few connections that read. Each sees the last commit, and none waits for the writer nor makes it wait.</summary>
internal sealed class ReaderPool(string path) : IDisposable
{
    private const int Size = 4;

    private readonly SemaphoreSlim _free = new(Size);
    private readonly ConcurrentBag<ReadSession> _idle = [];
    private volatile bool _closed;

    /// <summary>Reads on a connection of its own.</summary>
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
                // What failed once may be half way through a statement, or open on a disk that has gone.
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

    /// <summary>Closes the connections, after the reads that are under way; others wait until <see cref="Resume"/>.</summary>
    public void Suspend()
    {
        for (var taken = 0; taken < Size; taken++)
            _free.Wait();
        CloseIdle();
    }

    /// <summary>Reads go on, on new connections.</summary>
    public void Resume() => _free.Release(Size);

    /// <summary>Closes the connections, after the reads that are under way.</summary>
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
