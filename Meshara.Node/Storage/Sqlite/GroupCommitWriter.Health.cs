using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Meshara.Node.Storage.Sqlite;

internal sealed partial class GroupCommitWriter
{
    private const int TicksPerMaintenance = 5;
    private const int ProbesPerReopening = 3;
    private const int MaxOwedPerBatch = 1024;

    // Every checkpoint empties the log unless a reader delays it; this limit is for one that was delayed again and again.
    private const long MaxLogBytes = 64L * 1024 * 1024;

    // A throttled or shared disk has fast commits between the slow ones.
    private static readonly TimeSpan SlownessRemembered = TimeSpan.FromSeconds(10);

    private volatile string? _fault;
    private volatile string? _slowness;
    private bool _due, _maintaining, _mustReopen, _isFileAtFault;

    // Why the database could not be reopened; null while it is open.
    private Exception? _closedBy;
    private int _ticks, _probes;
    private long _slowAt;

    /// <summary>What is wrong with the disk; null if nothing is.</summary>
    public string? Problem => _fault ?? _slowness;

    /// <summary>Whether the problem prevents writing or only delays it.</summary>
    public StorageState State => _fault is not null ? StorageState.Failed : _slowness is not null ? StorageState.Slow : StorageState.Healthy;

    /// <summary>Called by the timer; the work itself is left to the writer's thread.</summary>
    private void Tick()
    {
        if (_tickQueued)
            return;
        _tickQueued = true;
        if (!_queue.Writer.TryWrite(_tick))
            _tickQueued = false; // a full queue keeps the writer awake anyway; the next tick will find room
    }

    private WriteSession Session => _session ?? throw new InvalidOperationException("The database is closed.");

    private void OnTick()
    {
        _due = false;
        if (_fault is null && _files.Change() is not FileChange.None and var change)
            SetFault(new IOException(OpenedFiles.Describe(change)));
        if (_fault is not null || _slowness is not null)
            Probe();
        PayDebts();
        _maintaining |= ++_ticks % TicksPerMaintenance == 0;
        if (!_maintaining || _fault is not null)
            return;
        _maintaining = Maintain();
        if (_maintaining)
            Tick(); // behind the operations that came in the meantime
    }

    /// <summary>Does one short slice of maintenance; returns true if there is more to do.</summary>
    private bool Maintain()
    {
        try
        {
            var session = Session;
            session.Begin();
            var more = session.Forget();
            session.Commit();
            more |= session.Vacuum();
            if (!more && new FileInfo(_path + "-wal") is { Exists: true, Length: > MaxLogBytes })
                session.TruncateLog();
            return more;
        }
        catch (Exception e) when (StorageFailure.ConcernsAll(e))
        {
            Undo(e);
            return false;
        }
    }

    /// <summary>Tests whether the disk works again. Only a commit can tell.</summary>
    private void Probe()
    {
        long started;
        try
        {
            Follow();
            started = _time.GetTimestamp();
            var session = Session;
            session.Begin();
            session.Probe();
            session.Commit();
            _files.Check();
        }
        catch (Exception e) when (StorageFailure.ConcernsAll(e) || e is MesharaException)
        {
            Undo(e);
            return;
        }
        ClearFault();
        NoteLatency(_time.GetElapsedTime(started));
    }

    /// <summary>Reopens the database if its open handles may no longer lead to the files at its path.</summary>
    private void Follow()
    {
        var change = _files.Change();
        if (change is FileChange.DatabaseGone or FileChange.LogReplaced)
            throw new IOException(OpenedFiles.Describe(change)); // the open files are all that is left of the stored data
        if (change is FileChange.LogGone && _session?.Checkpoint() == false)
            throw new IOException(OpenedFiles.Describe(change));
        // Where file identities are unknown, only an attempt shows whether new handles reach a volume that is back.
        if (change is not FileChange.None || _mustReopen || (_isFileAtFault && ++_probes % ProbesPerReopening == 0))
            Reopen(change);
    }

    private void Reopen(FileChange change)
    {
        _mustReopen = true;
        if (!File.Exists(_path))
            throw new IOException(OpenedFiles.Describe(FileChange.DatabaseGone));
        _session?.Abandon();
        _session = null;
        try
        {
            _session = _open();
        }
        catch (Exception e)
        {
            _closedBy = e;
            throw;
        }
        _files.Note();
        _closedBy = null;
        _mustReopen = false;
        if (change is FileChange.DatabaseReplaced)
            Log.Replaced(_logger, _path);
    }

    /// <summary>
    /// Closes the database at the end. If its log is no longer the one that was opened, this node must not empty or remove
    /// it.
    /// </summary>
    private void Close()
    {
        if (_files.Change() is FileChange.None)
            _session?.Dispose();
        else
            _session?.Abandon();
        _session = null;
    }

    /// <summary>Writes the final states that a failed disk did not take.</summary>
    private void PayDebts()
    {
        while (_owed.Count > 0 && _fault is null)
        {
            _batch.Clear();
            while (_batch.Count < MaxOwedPerBatch && _owed.TryDequeue(out var operation))
                _batch.Add(operation);
            CommitBatch();
        }
    }

    /// <summary>At the end: saves the read marks, tries once more to write what is owed, and logs what remains.</summary>
    private void SettleDebts()
    {
        if (_fault is null)
            Maintain();
        if (_files.Change() is not FileChange.None || (_owed.Count > 0 && _fault is not null))
            Probe();
        PayDebts();
        if (_owed.Count > 0)
            Log.NotesLost(_logger, _owed.Count);
    }

    /// <summary>At the end, so that the next run continues from this moment.</summary>
    private void SaveClock()
    {
        if (_fault is not null || _session is not { } session)
            return; // the last saved state will do
        try
        {
            session.Begin();
            session.SaveClock();
            session.Commit();
        }
        catch (Exception e) when (StorageFailure.ConcernsAll(e))
        {
            Undo(e);
        }
    }

    private void SetFault(Exception failure)
    {
        var text = failure is MesharaException ? failure.Message : StorageFailure.Describe(failure, _path);
        if (_fault is null)
            Log.Failed(_logger, text, failure);
        _fault = text;
        // A full disk or a lock held by another program takes patience only: the open files are as good as new ones.
        _isFileAtFault = failure is not SqliteException { SqliteErrorCode: raw.SQLITE_FULL or raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL };
    }

    private void ClearFault()
    {
        if (_fault is null)
            return;
        _fault = null;
        _probes = 0;
        Log.Recovered(_logger);
    }

    private void NoteLatency(TimeSpan latency)
    {
        if (latency > _options.SlowCommit)
        {
            if (_slowness is null)
                Log.Slow(_logger, latency.TotalSeconds);
            _slowness = $"The disk of {_path} is slow: a commit took {latency.TotalSeconds:0.000} s.";
            _slowAt = _time.GetTimestamp();
        }
        else if (_slowness is not null && _time.GetElapsedTime(_slowAt) >= SlownessRemembered)
            _slowness = null;
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "StorageFailed", Level = LogLevel.Error, Message = "Messages cannot be stored: {cause}")]
        public static partial void Failed(ILogger logger, string cause, Exception exception);

        [LoggerMessage(EventName = "StorageRecovered", Level = LogLevel.Information, Message = "Messages are stored again")]
        public static partial void Recovered(ILogger logger);

        [LoggerMessage(EventName = "StorageReplaced", Level = LogLevel.Warning,
            Message = "Another file has the name {path}: its volume was mounted anew, or the file was replaced. It is used from now on")]
        public static partial void Replaced(ILogger logger, string path);

        [LoggerMessage(EventName = "StorageSlow", Level = LogLevel.Warning, Message = "The disk is slow: a commit took {seconds} s")]
        public static partial void Slow(ILogger logger, double seconds);

        [LoggerMessage(EventName = "StorageNotesLost", Level = LogLevel.Warning,
            Message = "The disk did not take the final states of {count} messages; they are sent again after the next start")]
        public static partial void NotesLost(ILogger logger, int count);
    }
}
