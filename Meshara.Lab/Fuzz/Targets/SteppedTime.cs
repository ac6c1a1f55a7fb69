namespace Meshara.Lab.Fuzz.Targets;

/// <summary>A clock that stands still within an input, and is a second later at the next, so that limits by time do not refuse it.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private long _steps;

    public void Step() => _steps++;

    public override DateTimeOffset GetUtcNow() => FuzzKeys.Now;

    public override long TimestampFrequency => 1;

    public override long GetTimestamp() => _steps;
}
