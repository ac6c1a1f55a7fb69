using Meshara.Node.Transport;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Transport;

/// <summary>
/// Repeated failures, as of an unresponsive peer: the first is logged at once, further ones ever less often, with a count.
/// </summary>
public sealed class RepeatedFailuresTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly RepeatedFailures _failures;

    public RepeatedFailuresTests() => _failures = new RepeatedFailures(_time);

    [Fact]
    public void Later_lines_come_after_pauses_that_grow_and_count_what_was_not_said()
    {
        var lines = Lines(TimeSpan.FromHours(4)).ToList();
        // After one minute, then after 4, 16 and 60 more, and every hour from then on.
        Assert.Equal([0, 1, 5, 21, 81, 141, 201], lines.Select(line => line.Minute));
        Assert.Equal([1, 6, 24, 96, 360, 360, 360], lines.Select(line => line.Count));
    }

    [Fact]
    public void What_has_not_failed_for_long_is_new_again()
    {
        Assert.Equal(2, Lines(TimeSpan.FromMinutes(2)).Count());
        _time.Advance(TimeSpan.FromHours(3));
        Assert.True(_failures.IsDue("peer", out var count));
        Assert.Equal(1, count);
        Assert.False(_failures.IsDue("peer", out _));
    }

    [Fact]
    public void Each_has_a_count_of_its_own()
    {
        Assert.True(_failures.IsDue("peer", out _));
        Assert.False(_failures.IsDue("peer", out _));
        Assert.True(_failures.IsDue("another", out var count));
        Assert.Equal(1, count);
    }

    /// <summary>Fails at each interval; returns when a line is logged, and the number of failures since the previous line.</summary>
    private IEnumerable<(double Minute, int Count)> Lines(TimeSpan duration)
    {
        for (var elapsed = TimeSpan.Zero; elapsed < duration; elapsed += Interval)
        {
            if (_failures.IsDue("peer", out var count))
                yield return (elapsed.TotalMinutes, count);
            _time.Advance(Interval);
        }
    }
}
