using Meshara.Harness.Traffic;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Stack.Local;

public sealed class PacerTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(0.5, 60, 30)]
    [InlineData(10, 60, 600)]
    [InlineData(200, 60, 12_000)]
    [InlineData(333.3, 60, 19_998)]
    public void The_rate_is_exact_however_uneven_the_ticks_are(double perSecond, int seconds, long expected)
    {
        var pacer = new Pacer(perSecond, _time);
        var random = new Random(1);
        var end = _time.GetUtcNow() + TimeSpan.FromSeconds(seconds);
        long taken = 0;
        while (_time.GetUtcNow() < end)
        {
            var tick = TimeSpan.FromMilliseconds(random.Next(1, 40));
            _time.Advance(_time.GetUtcNow() + tick > end ? end - _time.GetUtcNow() : tick);
            taken += pacer.TakeDue();
        }

        Assert.InRange(taken, expected - 1, expected);
    }

    [Fact]
    public void After_a_long_pause_only_a_second_is_made_up_for()
    {
        var pacer = new Pacer(200, _time);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(200, pacer.TakeDue());
        Assert.Equal(0, pacer.TakeDue());
        _time.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal(10, pacer.TakeDue());
    }

    [Fact]
    public async Task Beats_end_when_they_are_told_to()
    {
        var test = TestContext.Current.CancellationToken;
        using var stop = new CancellationTokenSource();
        await using var beats = new Pacer(10, _time).Beats(stop.Token).GetAsyncEnumerator(test);

        for (var i = 0; i < 3; i++)
        {
            var next = beats.MoveNextAsync().AsTask();
            _time.Advance(TimeSpan.FromMilliseconds(100));
            Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(30), test));
            Assert.Equal(i, beats.Current);
        }

        var last = beats.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        Assert.False(await last.WaitAsync(TimeSpan.FromSeconds(30), test));
    }
}
