using Meshara.Node;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Delivery;

public sealed class RecentMapTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void An_entry_is_remembered_for_at_least_half_and_at_most_the_whole_lifetime()
    {
        for (var start = 0; start < 60; start += 7)
        {
            var map = new RecentMap<int, int>(1000, TimeSpan.FromSeconds(60), _time);
            _time.Advance(TimeSpan.FromSeconds(start));
            Assert.True(map.TryAdd(1, 1));
            for (var second = 0; second < 30; second++)
            {
                Assert.False(map.TryAdd(1, 2));
                _time.Advance(TimeSpan.FromSeconds(1));
            }
            for (var second = 0; second < 30; second++)
            {
                map.Contains(2);
                _time.Advance(TimeSpan.FromSeconds(1));
            }
            Assert.False(map.TryGet(1, out _));
        }
    }

    [Fact]
    public void Memory_is_bounded_and_the_latest_half_is_kept()
    {
        var map = new RecentMap<int, int>(100, TimeSpan.FromDays(1), _time);
        for (var key = 0; key < 10_000; key++)
        {
            map.TryAdd(key, key);
            Assert.InRange(map.Snapshot().Count, 0, 101);
            for (var recent = Math.Max(0, key - 49); recent <= key; recent++)
                Assert.True(map.Contains(recent));
        }
    }

    [Fact]
    public void Set_replaces_and_makes_young_again()
    {
        var map = new RecentMap<int, int>(1000, TimeSpan.FromSeconds(60), _time);
        map.Set(1, 1);
        _time.Advance(TimeSpan.FromSeconds(31));
        map.Set(1, 2);
        Assert.Equal(2, Assert.Single(map.Snapshot()).Value);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.True(map.TryGet(1, out var value));
        Assert.Equal(2, value);
    }

    [Fact]
    public void One_of_many_concurrent_adds_wins()
    {
        var map = new RecentMap<int, int>(100_000, TimeSpan.FromHours(1), _time);
        var won = 0;
        Parallel.For(0, 10_000, i =>
        {
            if (map.TryAdd(i % 1000, i))
                Interlocked.Increment(ref won);
        });
        Assert.Equal(1000, won);
    }
}
