using System.Collections.Concurrent;

namespace Meshara.Tests.Clocks;

/// <summary>The clock of one node. Its wall clock can be set and time can be advanced, while timers run in real time.</summary>
internal sealed class TestClock : TimeProvider
{
    private const string Key = "Test:Clock";
    private static readonly ConcurrentDictionary<string, TestClock> All = new();

    private readonly string _name = Guid.NewGuid().ToString("n");
    private readonly long _made = System.GetTimestamp();
    private long _offset;
    private long _passed;

    public TestClock() => All[_name] = this;

    /// <summary>The setting that gives this clock to a node of a <see cref="Mesh.MeshFixture"/>; it survives restarts.</summary>
    public (string Key, string Value) Setting => (Key, _name);

    /// <summary>How far the wall clock is ahead of the correct time.</summary>
    public TimeSpan Offset
    {
        get => TimeSpan.FromTicks(Interlocked.Read(ref _offset));
        set => Interlocked.Exchange(ref _offset, value.Ticks);
    }

    /// <summary>Seconds that the wall clock gains on the monotonic one per second.</summary>
    public double Drift { get; set; }

    /// <summary>The clock of a node with these settings; null if it uses the machine's.</summary>
    public static TimeProvider? Of(IReadOnlyDictionary<string, string?> settings) =>
        settings.TryGetValue(Key, out var name) && name is not null ? All[name] : null;

    /// <summary>Advances both the wall clock and the monotonic clock.</summary>
    public void Pass(TimeSpan time) => Interlocked.Add(ref _passed, time.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset + Passed + System.GetElapsedTime(_made) * Drift;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(Passed.TotalSeconds * TimestampFrequency);

    private TimeSpan Passed => TimeSpan.FromTicks(Interlocked.Read(ref _passed));
}
