using Meshara.Node.Delivery;

namespace Meshara.Tests.Delivery;

public sealed class PassageTests
{
    private static readonly TimeSpan Target = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Cap = TimeSpan.FromSeconds(60);

    private readonly Passage _passage = new(Target);

    [Fact]
    public void The_window_grows_while_it_is_used_and_acknowledgments_come_quickly()
    {
        for (var i = 0; i < 1000; i++)
            _passage.Acknowledged(TimeSpan.FromMilliseconds(10), 250_000, _passage.Window);
        Assert.Equal(Passage.MaxWindow, _passage.Window);
    }

    [Fact]
    public void A_window_that_is_hardly_used_does_not_grow()
    {
        for (var i = 0; i < 1000; i++)
            _passage.Acknowledged(TimeSpan.FromMilliseconds(1), 500, 500);
        Assert.Equal(Passage.MinWindow, _passage.Window);
    }

    [Fact]
    public void The_window_settles_at_what_a_link_carries_in_a_few_times_the_target()
    {
        const int bytesPerSecond = 1_000_000;
        const int message = 50_000;
        for (var i = 0; i < 1000; i++)
            _passage.Acknowledged(TimeSpan.FromSeconds((double)_passage.Window / bytesPerSecond), message, _passage.Window);
        Assert.InRange(_passage.Window, 2 * bytesPerSecond, 4 * bytesPerSecond);
    }

    [Fact]
    public void The_wait_follows_the_round_trip_and_is_never_below_the_target()
    {
        Assert.Equal(Target, _passage.Patience(0, Cap));
        for (var i = 0; i < 100; i++)
            _passage.Acknowledged(TimeSpan.FromMilliseconds(5), 500, 500);
        Assert.Equal(Target, _passage.Patience(0, Cap));
        for (var i = 0; i < 100; i++)
            _passage.Acknowledged(TimeSpan.FromSeconds(8), 500, 500);
        Assert.InRange(_passage.Patience(0, Cap), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(9));
        Assert.InRange(_passage.Patience(0, TimeSpan.FromSeconds(6)), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(9)); // known to take longer than the cap
    }

    [Fact]
    public void The_wait_doubles_once_for_all_that_was_under_way_together_until_an_acknowledgment_comes()
    {
        _passage.TimedOut(sent: 10, now: 100);
        _passage.TimedOut(sent: 20, now: 101);
        Assert.Equal(2 * Target, _passage.Patience(0, Cap));
        _passage.TimedOut(sent: 110, now: 300);
        Assert.Equal(4 * Target, _passage.Patience(0, Cap));
        Assert.Equal(3 * Target, _passage.Patience(0, 3 * Target));
        _passage.Acknowledged(TimeSpan.FromMilliseconds(10), 500, 500);
        Assert.Equal(Target, _passage.Patience(0, Cap));
    }

    [Fact]
    public void A_large_message_is_waited_for_as_long_as_a_slow_link_needs() =>
        Assert.Equal(Target + TimeSpan.FromSeconds(2), _passage.Patience(250_000, Cap));

    [Fact]
    public void A_loss_halves_the_window()
    {
        while (_passage.Window < 4 * Passage.MinWindow)
            _passage.Acknowledged(TimeSpan.FromMilliseconds(10), 250_000, _passage.Window);
        var before = _passage.Window;
        _passage.TimedOut(sent: 10, now: 100);
        Assert.Equal(before / 2, _passage.Window);
        _passage.Restart();
        Assert.Equal(Passage.MinWindow, _passage.Window);
        Assert.Equal(Target, _passage.Patience(0, Cap));
    }
}
