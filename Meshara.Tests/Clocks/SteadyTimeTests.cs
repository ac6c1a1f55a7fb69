using CsCheck;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Meshara.Tests.Clocks;

/// <summary>The time scale for message lifetimes, under any changes of the node's wall clock, machine and process.</summary>
public sealed class SteadyTimeTests
{
    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(40);

    private static readonly Gen<TimeSpan> Times = Gen.OneOf(
        Gen.Double[0, 1].Select(share => TimeSpan.FromMinutes(20) * share), Gen.Double[0, 1].Select(share => MaxTime * share));

    private static readonly Gen<Happening> WithRightClock = Gen.OneOf(
        Times.Select(time => new Happening($"runs {time}", world => world.Run(time, drift: 0))),
        Times.Select(time => new Happening($"sleeps {time}", world => world.Sleep(time))),
        Times.Select(time => new Happening($"is off for {time}", world => world.Restart(time, world.Offset))),
        Gen.Const(new Happening("hears peers", world => world.Hear())));

    private static readonly Gen<TimeSpan> Offsets = Gen.Select(Times, Gen.Bool).Select((time, isBehind) => isBehind ? -time : time);

    private static readonly Gen<Happening> WithAnyClock = Gen.OneOf(
        WithRightClock,
        Gen.Select(Times, Gen.Double[-0.5, 0.5]).Select((time, drift) =>
            new Happening($"runs {time} with drift {drift}", world => world.Run(time, drift))),
        Offsets.Select(offset => new Happening($"clock is {offset} ahead", world => world.Set(offset))),
        Gen.Select(Times, Offsets).Select((off, offset) =>
            new Happening($"is off for {off}, clock is {offset} ahead", world => world.Restart(off, offset))));

    [Fact]
    public void No_more_time_counts_than_has_passed_but_for_a_plausible_step_a_restart() => WithAnyClock.Array[1, 30].Sample(happenings =>
    {
        var world = new World();
        foreach (var happening in happenings)
        {
            var before = world.Counted;
            happening.Do(world);
            Assert.InRange(world.Counted, before, world.Passed + NodeClock.Plausible * world.Restarts);
        }
    }, iter: 2000, print: Print);

    [Fact]
    public void With_a_right_clock_all_time_counts_as_soon_as_peers_have_been_heard() => WithRightClock.Array[1, 30].Sample(happenings =>
    {
        var world = new World();
        foreach (var happening in happenings)
            happening.Do(world);
        world.Hear();
        // A smaller difference does not count as a step.
        Assert.InRange(world.Counted, world.Passed - NodeClock.MinStep, world.Passed);
    }, iter: 2000, print: Print);

    private static string Print(Happening[] happenings) => string.Join("; ", happenings.Select(happening => happening.Name));

    private sealed record Happening(string Name, Action<World> Do);

    /// <summary>A node, and three peers with correct clocks.</summary>
    private sealed class World
    {
        private readonly NodeAddress[] _peers = [Samples.Address(), Samples.Address(), Samples.Address()];
        private readonly DateTimeOffset _start;
        private SimulatedTime _time = new();
        private NodeClock _clock;
        private ClockGuard _guard;

        public World()
        {
            _clock = NodeClock.Of(_time);
            _guard = new ClockGuard(_clock, NullLogger<ClockGuard>.Instance);
            _start = _clock.Steady;
            Hear();
        }

        /// <summary>The time that has really passed.</summary>
        public TimeSpan Passed { get; private set; }

        /// <summary>The part of it that the node has counted.</summary>
        public TimeSpan Counted => _clock.Steady - _start;

        public int Restarts { get; private set; }

        public TimeSpan Offset { get; private set; }

        public void Run(TimeSpan time, double drift)
        {
            Offset += time * drift;
            _time.Monotonic += time;
            Pass(time);
        }

        public void Sleep(TimeSpan time) => Pass(time);

        public void Set(TimeSpan offset)
        {
            Offset = offset;
            Pass(TimeSpan.Zero);
        }

        public void Restart(TimeSpan off, TimeSpan offset)
        {
            Restarts++;
            var saved = _clock.State;
            Offset = offset;
            _time = new SimulatedTime();
            Passed += off;
            _time.Wall = SimulatedTime.Epoch + Passed + Offset;
            _clock = NodeClock.Of(_time);
            _clock.Restore(saved);
            _guard = new ClockGuard(_clock, NullLogger<ClockGuard>.Instance);
            _guard.Look();
        }

        public void Hear()
        {
            foreach (var peer in _peers)
                _clock.Peers.Observe(peer, SimulatedTime.Epoch + Passed, SimulatedTime.Epoch + Passed, TimeSpan.Zero);
            _guard.Look();
        }

        private void Pass(TimeSpan time)
        {
            // The guard runs a moment after the event.
            var moment = TimeSpan.FromMilliseconds(1);
            _time.Monotonic += moment;
            Passed += time + moment;
            _time.Wall = SimulatedTime.Epoch + Passed + Offset;
            _guard.Look();
        }
    }

    private sealed class SimulatedTime : TimeProvider
    {
        public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public DateTimeOffset Wall { get; set; } = Epoch;

        public TimeSpan Monotonic { get; set; } = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => Monotonic.Ticks;
    }
}
