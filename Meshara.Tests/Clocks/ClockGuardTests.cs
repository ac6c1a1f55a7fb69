using Meshara.Node.Clocks;
using Meshara.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Meshara.Tests.Clocks;

/// <summary>How much time counts towards message lifetimes: the monotonic clock's, and more only if wall clock and peers agree.</summary>
public sealed class ClockGuardTests
{
    // Real time passes under a test clock while the test runs; a busy machine may take a while for a few lines.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(30);

    private readonly TestClock _time = new();
    private readonly NodeClock _clock;
    private readonly ClockGuard _guard;
    private readonly DateTimeOffset _start;
    private readonly Node.Identity.NodeAddress[] _peers = [Samples.Address(), Samples.Address(), Samples.Address()];

    public ClockGuardTests()
    {
        _clock = NodeClock.Of(_time);
        _guard = new ClockGuard(_clock, NullLogger<ClockGuard>.Instance);
        _start = _clock.Steady;
        Hear(TimeSpan.Zero);
    }

    private TimeSpan Passed => _clock.Steady - _start;

    [Theory]
    [InlineData(2 * 60)]
    [InlineData(-60)]
    [InlineData(40 * 24 * 60)]
    public void A_wall_clock_that_is_set_ends_no_life(int minutes)
    {
        _time.Offset = TimeSpan.FromMinutes(minutes);
        _guard.Look();
        Assert.True(_clock.IsInDoubt);
        Hear(TimeSpan.Zero);
        _guard.Look();
        Assert.False(_clock.IsInDoubt);
        Assert.InRange(Passed, TimeSpan.Zero, Tolerance);
    }

    [Fact]
    public void What_a_machine_slept_counts_when_its_peers_have_lived_through_it()
    {
        _time.Offset = TimeSpan.FromHours(8); // the monotonic clock stands still meanwhile
        _guard.Look();
        Assert.InRange(Passed, TimeSpan.Zero, Tolerance);
        Hear(TimeSpan.FromHours(8));
        _guard.Look();
        Assert.InRange(Passed, TimeSpan.FromHours(8) - Tolerance, TimeSpan.FromHours(8) + Tolerance);
        Assert.False(_clock.IsInDoubt);
        Hear(TimeSpan.FromHours(8));
        _guard.Look();
        Assert.InRange(Passed, TimeSpan.FromHours(8) - Tolerance, TimeSpan.FromHours(8) + Tolerance);
    }

    [Fact]
    public void Peers_alone_cannot_let_time_pass()
    {
        Hear(TimeSpan.FromDays(365));
        _guard.Look();
        Assert.InRange(Passed, TimeSpan.Zero, Tolerance);
        _time.Offset = TimeSpan.FromMinutes(10);
        _guard.Look();
        Hear(TimeSpan.FromDays(2 * 365));
        _guard.Look();
        Assert.InRange(Passed, TimeSpan.Zero, TimeSpan.FromMinutes(10) + Tolerance);
    }

    [Fact]
    public void One_peer_of_three_convinces_nobody()
    {
        _time.Offset = TimeSpan.FromDays(1);
        _guard.Look();
        Hear(TimeSpan.Zero, _peers[0]);
        Hear(TimeSpan.FromDays(1), _peers[1]);
        Hear(TimeSpan.Zero, _peers[2]);
        _guard.Look();
        Assert.InRange(Passed, TimeSpan.Zero, Tolerance);
        Assert.False(_clock.IsInDoubt);
    }

    [Fact]
    public void The_skew_is_the_median_of_the_peers()
    {
        _time.Offset = TimeSpan.FromHours(1);
        Assert.InRange(_clock.Peers.Skew!.Median, TimeSpan.FromHours(1) - Tolerance, TimeSpan.FromHours(1) + Tolerance);
        Assert.InRange(_clock.MeshUtcNow - TimeProvider.System.GetUtcNow(), -Tolerance, Tolerance);
        _time.Offset = TimeSpan.Zero;
        Assert.InRange(_clock.Peers.Skew!.Median, -Tolerance, Tolerance);
    }

    [Fact]
    public void Times_that_no_clock_shows_are_ignored()
    {
        foreach (var absurd in new[] { DateTimeOffset.UnixEpoch.AddYears(8000), DateTimeOffset.UnixEpoch.AddYears(200) })
        {
            var clock = NodeClock.Of(new TestClock());
            clock.Peers.Observe(_peers[0], absurd, TimeProvider.System.GetUtcNow(), TimeSpan.Zero);
            clock.Peers.Observe(_peers[1], TimeProvider.System.GetUtcNow(), absurd, TimeSpan.Zero);
            Assert.Null(clock.Peers.Skew);
        }
    }

    [Fact]
    public void A_node_that_stood_still_is_told_so()
    {
        var resumed = new List<TimeSpan>();
        _clock.Resumed += resumed.Add;
        _time.Pass(TimeSpan.FromMinutes(3)); // as a process that was stopped sees it
        _guard.Look();
        _time.Offset = TimeSpan.FromMinutes(3); // as most machines that slept see it
        _guard.Look();
        Assert.Equal(2, resumed.Count);
        Assert.All(resumed, stood => Assert.InRange(stood, TimeSpan.FromMinutes(3) - Tolerance, TimeSpan.FromMinutes(3) + Tolerance));
    }

    [Theory]
    [InlineData(5, 5)]
    [InlineData(60 * 24 * 40, 15)]
    [InlineData(-60, 0)]
    public void After_a_restart_the_wall_clock_counts_within_a_plausible_step(int minutes, int counted)
    {
        var saved = _clock.State;
        _time.Offset = TimeSpan.FromMinutes(minutes);
        var next = NodeClock.Of(new TestClock { Offset = _time.Offset });
        next.Restore(saved);
        var passed = next.Steady - saved.Steady;
        Assert.InRange(passed, TimeSpan.FromMinutes(counted) - Tolerance, TimeSpan.FromMinutes(counted) + Tolerance);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-60 * 24 * 20_000)]
    public void After_a_long_rest_peers_say_what_has_passed_even_when_the_clock_was_reset(int offset)
    {
        var saved = _clock.State;
        var rest = TimeSpan.FromDays(21);
        var time = new TestClock { Offset = rest + TimeSpan.FromMinutes(offset) };
        var next = NodeClock.Of(time);
        next.Restore(saved);
        var guard = new ClockGuard(next, NullLogger<ClockGuard>.Instance);
        guard.Look();
        foreach (var peer in _peers)
            next.Peers.Observe(peer, TimeProvider.System.GetUtcNow() + rest, TimeProvider.System.GetUtcNow() + rest, TimeSpan.Zero);
        guard.Look();
        Assert.InRange(next.Steady - saved.Steady, rest - Tolerance, rest + Tolerance);
    }

    /// <summary>
    /// Feeds observations from some peers, or all: their clocks are right, and this much more time has passed for them than on
    /// this machine.
    /// </summary>
    private void Hear(TimeSpan passed, params Node.Identity.NodeAddress[] peers)
    {
        foreach (var peer in peers.Length == 0 ? _peers : peers)
            _clock.Peers.Observe(peer, TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow() + passed, TimeSpan.Zero);
    }
}
