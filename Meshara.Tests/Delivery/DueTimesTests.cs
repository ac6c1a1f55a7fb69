using Meshara.Node.Delivery;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Delivery;

public sealed class DueTimesTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly List<int> _due = [];
    private readonly DueTimes<int> _times;

    public DueTimesTests() => _times = new DueTimes<int>(_time, _due.Add);

    [Fact]
    public void Items_come_in_the_order_of_their_times()
    {
        _times.Add(3, TimeSpan.FromSeconds(3));
        _times.Add(1, TimeSpan.FromSeconds(1));
        _times.Add(2, TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Empty(_due);
        foreach (var expected in new int[][] { [1], [1, 2], [1, 2, 3] })
        {
            _time.Advance(TimeSpan.FromSeconds(1.01));
            Assert.Equal(expected, _due);
        }
    }

    [Fact]
    public void Items_due_together_all_come()
    {
        foreach (var item in Enumerable.Range(0, 100))
            _times.Add(item, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(Enumerable.Range(0, 100), _due.Order());
    }

    [Fact]
    public void An_item_may_be_added_again_when_it_comes()
    {
        var count = 0;
        DueTimes<int> again = null!;
        again = new DueTimes<int>(_time, item =>
        {
            if (++count < 3)
                again.Add(item, TimeSpan.FromSeconds(1));
        });
        using (again)
        {
            again.Add(7, TimeSpan.FromSeconds(1));
            for (var i = 0; i < 10; i++)
                _time.Advance(TimeSpan.FromSeconds(1.1));
        }
        Assert.Equal(3, count);
    }

    [Fact]
    public void Nothing_comes_after_the_end()
    {
        _times.Add(1, TimeSpan.FromSeconds(1));
        _times.Dispose();
        _times.Add(2, TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(_due);
    }

    public void Dispose() => _times.Dispose();
}
