using Meshara.Node;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

public sealed class ByteRoomTests
{
    private readonly ByteRoom _room = new(10);

    [Fact]
    public async Task Who_finds_no_room_waits_for_its_turn()
    {
        await _room.EnterAsync(6, CancellationToken.None);
        var second = _room.EnterAsync(6, CancellationToken.None).AsTask();
        var third = _room.EnterAsync(1, CancellationToken.None).AsTask(); // would fit, but is not the next
        Assert.False(second.IsCompleted || third.IsCompleted);
        _room.Leave(6);
        await Eventually.InTimeAsync(Task.WhenAll(second, third));
    }

    [Fact]
    public async Task What_is_larger_than_all_the_room_is_let_in_alone()
    {
        await _room.EnterAsync(1, CancellationToken.None);
        var large = _room.EnterAsync(100, CancellationToken.None).AsTask();
        Assert.False(large.IsCompleted);
        _room.Leave(1);
        await Eventually.InTimeAsync(large);
        var next = _room.EnterAsync(1, CancellationToken.None).AsTask();
        Assert.False(next.IsCompleted);
        _room.Leave(100);
        await Eventually.InTimeAsync(next);
    }

    [Fact]
    public async Task Who_gives_up_takes_no_room()
    {
        await _room.EnterAsync(10, CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var given = _room.EnterAsync(10, stop.Token).AsTask();
        var next = _room.EnterAsync(10, CancellationToken.None).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.InTimeAsync(given));
        _room.Leave(10);
        await Eventually.InTimeAsync(next);
    }
}
