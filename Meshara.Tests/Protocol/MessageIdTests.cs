using CsCheck;
using Meshara.Node.Protocol;

namespace Meshara.Tests.Protocol;

public sealed class MessageIdTests
{
    [Fact]
    public void Ids_made_later_sort_later_also_within_a_millisecond() => Gen.Select(Gen.Long[0, TimeSpan.TicksPerDay], Gen.Long[1, 100_000]).Sample((ticks, later) =>
    {
        var now = new DateTimeOffset(2025, 12, 23, 0, 0, 0, TimeSpan.Zero).AddTicks(ticks);
        return MessageId.Create(now).CompareTo(MessageId.Create(now.AddTicks(later))) < 0;
    });

    [Fact]
    public void Ids_of_one_instant_differ()
    {
        var now = DateTimeOffset.UtcNow;
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(_ => MessageId.Create(now)).Distinct().Count());
    }

    [Fact]
    public void The_first_48_bits_are_the_time_in_milliseconds()
    {
        var now = DateTimeOffset.UtcNow;
        Assert.Equal(now.ToUnixTimeMilliseconds(), Convert.ToInt64(MessageId.Create(now).ToString()[..12], 16));
    }
}
