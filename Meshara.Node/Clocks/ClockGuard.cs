namespace Meshara.Node.Clocks;

/// <summary>
/// Compares the two clocks once a second. If the wall clock departs from the monotonic one, it was set, or the machine slept.
/// How much time has really passed is then decided by what has passed for the peers; until they have answered, the difference
/// is not counted. Also tells the other parts of the node after a suspension of the machine or the process.
/// </summary>
internal sealed partial class ClockGuard(NodeClock clock, ILogger<ClockGuard> logger)
{
    /// <summary>From this gap on the node was suspended rather than slow: its peers may have given up on it.</summary>
    public static readonly TimeSpan StandStill = TimeSpan.FromSeconds(10);

    /// <summary>From this difference on operators are warned that the clock is wrong.</summary>
    public static readonly TimeSpan MaxSkew = TimeSpan.FromMinutes(1);

    // This many peers decide at once; fewer only after the others have had time to answer.
    private const int EnoughVoters = 3;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan VotingTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan GivingUp = TimeSpan.FromMinutes(5);

    private DateTimeOffset _wall = clock.GetUtcNow();
    private long _monotonic = clock.GetTimestamp();
    private TimeSpan _ahead;
    private long _doubted;
    private bool _isSkewed;

    /// <summary>Checks the clocks until cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        (_wall, _monotonic) = (clock.GetUtcNow(), clock.GetTimestamp());
        // A doubt at the start is about how long the node was off, which is no suspension to report.
        if (clock.IsInDoubt)
            (_ahead, _doubted) = (clock.Ahead, _monotonic);
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
                Look();
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    /// <summary>Checks the clocks once.</summary>
    public void Look()
    {
        LookForStandStill();
        Decide();
        LookAtSkew();
    }

    private void LookForStandStill()
    {
        var (wall, monotonic) = (clock.GetUtcNow(), clock.GetTimestamp());
        var (byWall, byMonotonic) = (wall - _wall, clock.GetElapsedTime(_monotonic, monotonic));
        (_wall, _monotonic) = (wall, monotonic);
        // While a process is stopped, both clocks go on; while a machine sleeps, on most systems only the wall clock does.
        var stood = byWall > byMonotonic ? byWall : byMonotonic;
        if (stood < StandStill)
            return;
        Log.Resumed(logger, stood.TotalSeconds);
        clock.Resume(stood);
    }

    private void Decide()
    {
        var ahead = clock.Ahead;
        if (!clock.IsInDoubt)
        {
            (_ahead, _doubted) = (ahead, 0);
            return;
        }
        if (_doubted == 0 || (ahead - _ahead).Duration() >= NodeClock.MinStep)
        {
            Log.Stepped(logger, (ahead - _ahead).TotalSeconds);
            (_ahead, _doubted) = (ahead, clock.GetTimestamp());
        }
        var doubting = clock.GetElapsedTime(_doubted);
        if (clock.Peers.Missed(_doubted, out var voters) is not { } missed)
        {
            // None of the peers known before is there any more: count nothing, and use the current peers as the reference next
            // time.
            if (doubting > GivingUp && clock.Peers.Skew is not null)
                Settle(TimeSpan.Zero, voters);
            return;
        }
        if (voters < EnoughVoters && doubting < VotingTime)
            return;
        // Peers alone could expire messages by claiming that years have passed, so the wall clock must agree, unless it was set
        // back and therefore has no say.
        var passed = ahead > TimeSpan.Zero && ahead < missed ? ahead : missed;
        Settle(passed < NodeClock.MinStep ? TimeSpan.Zero : passed, voters);
    }

    private void Settle(TimeSpan passed, int voters)
    {
        clock.Settle(passed, _doubted);
        Log.Settled(logger, passed.TotalSeconds, voters);
        (_ahead, _doubted) = (TimeSpan.Zero, 0);
    }

    private void LookAtSkew()
    {
        var skew = clock.Peers.Skew;
        var isSkewed = skew is not null && skew.Median.Duration() > MaxSkew;
        if (isSkewed == _isSkewed)
            return;
        _isSkewed = isSkewed;
        if (isSkewed)
            Log.Skewed(logger, skew!.Median.TotalSeconds, skew.Spread.TotalSeconds, skew.Peers);
        else
            Log.Right(logger);
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "ClockStepped", Level = LogLevel.Warning,
            Message = "The wall clock moved by {seconds} s against the monotonic one; no life is ended for that until peers confirm that time has passed")]
        public static partial void Stepped(ILogger logger, double seconds);

        [LoggerMessage(EventName = "ClockSettled", Level = LogLevel.Information, Message = "Peers say that {seconds} s have passed unnoticed; that is counted")]
        public static partial void Settled(ILogger logger, double seconds, int peers);

        [LoggerMessage(EventName = "ClockSkewed", Level = LogLevel.Warning, Message = "The clock of this node differs from its peers' by {seconds} s: set it right")]
        public static partial void Skewed(ILogger logger, double seconds, double spread, int peers);

        [LoggerMessage(EventName = "ClockRight", Level = LogLevel.Information, Message = "The clock of this node agrees with its peers' again")]
        public static partial void Right(ILogger logger);

        [LoggerMessage(EventName = "NodeResumed", Level = LogLevel.Warning,
            Message = "The node stood still for {seconds} s, or its clock was set: it looks after its connections")]
        public static partial void Resumed(ILogger logger, double seconds);
    }
}
