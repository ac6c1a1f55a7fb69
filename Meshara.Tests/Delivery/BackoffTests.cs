using CsCheck;
using Meshara.Node.Delivery;

namespace Meshara.Tests.Delivery;

public sealed class BackoffTests
{
    private static readonly Gen<(TimeSpan Start, TimeSpan Cap, int Failures)> Cases =
        Gen.Select(Gen.Long[1, TimeSpan.TicksPerMinute], Gen.Long[0, TimeSpan.TicksPerHour], Gen.Int[-5, 200])
            .Select((start, more, failures) => (TimeSpan.FromTicks(start), TimeSpan.FromTicks(start + more), failures));

    [Fact]
    public void A_wait_is_never_negative_and_never_above_the_cap() => Cases.Sample((start, cap, failures) =>
    {
        var wait = Backoff.FullJitter(start, cap, failures);
        return wait >= TimeSpan.Zero && wait <= cap;
    });

    [Fact]
    public void The_ceiling_doubles_with_every_failure_until_the_cap() => Cases.Sample((start, cap, failures) =>
    {
        var doublings = Math.Clamp(failures - 1, 0, 62);
        var ceiling = Math.Min((double)cap.Ticks, start.Ticks * Math.Pow(2, doublings));
        return Enumerable.Range(0, 20).All(_ => Backoff.FullJitter(start, cap, failures).Ticks <= ceiling + 1);
    });

    [Fact]
    public void The_wait_for_an_acknowledgment_is_at_least_what_one_may_take() => Gen.Select(Cases, Gen.Long[1, TimeSpan.TicksPerHour]).Sample((wanted, ticks) =>
    {
        var (start, cap, failures) = wanted;
        var patience = TimeSpan.FromTicks(ticks);
        var wait = Backoff.AcknowledgmentWait(patience, start, cap, failures);
        return wait >= patience && wait <= (patience > cap ? patience : cap);
    });

    [Fact]
    public void Waits_are_spread_over_the_whole_range()
    {
        var waits = Enumerable.Range(0, 2000).Select(_ => Backoff.FullJitter(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), 4).TotalSeconds).ToList();
        Assert.True(waits.Min() < 1 && waits.Max() > 7, "2000 draws from 0 to 8 s reach both ends");
    }
}
