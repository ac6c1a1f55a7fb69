using Meshara.Node.Identity;
using Meshara.Node.Routing;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Routing;

public sealed class RouteCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RouteCache _routes;

    public RouteCacheTests() => _routes = new RouteCache(TimeSpan.FromMinutes(10), _time);

    [Fact]
    public void A_learned_route_is_used_until_its_life_is_over()
    {
        _routes.Learn(Address(1), Address(2));
        _time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        Assert.True(_routes.TryGet(Address(1), out var via));
        Assert.Equal(Address(2), via);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(_routes.TryGet(Address(1), out _));
    }

    [Fact]
    public void Traffic_renews_a_route_and_the_latest_way_counts()
    {
        _routes.Learn(Address(1), Address(2));
        _time.Advance(TimeSpan.FromMinutes(9));
        _routes.Learn(Address(1), Address(3));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True(_routes.TryGet(Address(1), out var via));
        Assert.Equal(Address(3), via);
    }

    [Fact]
    public void A_way_that_is_learned_again_is_as_good_as_new()
    {
        _routes.Learn(Address(1), Address(2));
        _time.Advance(TimeSpan.FromMinutes(9));
        _routes.Learn(Address(1), Address(2));
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.True(_routes.TryGet(Address(1), out _));
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromMinutes(9), Assert.Single(_routes.Snapshot()).LearnedAt);
    }

    [Fact]
    public void A_failed_route_and_every_route_through_a_lost_peer_are_forgotten()
    {
        _routes.Learn(Address(1), Address(9));
        _routes.Learn(Address(2), Address(9));
        _routes.Learn(Address(3), Address(8));
        _routes.Forget(Address(1));
        Assert.False(_routes.TryGet(Address(1), out _));
        Assert.True(_routes.TryGet(Address(2), out _));
        _routes.ForgetVia(Address(9));
        Assert.False(_routes.TryGet(Address(2), out _));
        Assert.Equal(Address(3), Assert.Single(_routes.Snapshot()).Destination);
    }

    [Fact]
    public void Memory_is_bounded_and_the_oldest_go_first()
    {
        for (var number = 1; number <= 30_000; number++)
        {
            _routes.Learn(Address(number), Address(0x7FFFFFFF));
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
        Assert.InRange(_routes.Snapshot().Count, 5_000, 10_000);
        Assert.True(_routes.TryGet(Address(30_000), out _));
        Assert.False(_routes.TryGet(Address(1), out _));
    }

    private static NodeAddress Address(int number)
    {
        var bytes = new byte[32];
        BitConverter.TryWriteBytes(bytes, number);
        return new NodeAddress(bytes);
    }
}
