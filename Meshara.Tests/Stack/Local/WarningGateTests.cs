using Meshara.Harness.Processes;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Stack.Local;

public sealed class WarningGateTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_flood_of_warnings_is_cut_and_counted()
    {
        var gate = new WarningGate(_time);

        Assert.Equal(WarningGate.Limit, Enumerable.Range(0, 100).Count(_ => gate.TryPass()));
        Assert.Equal(0, gate.TakeWithheld());
        _time.Advance(WarningGate.Window);
        Assert.Equal(100 - WarningGate.Limit, gate.TakeWithheld());
        Assert.Equal(0, gate.TakeWithheld());
        Assert.True(gate.TryPass());
    }

    [Fact]
    public void A_warning_now_and_then_is_always_shown()
    {
        var gate = new WarningGate(_time);
        for (var i = 0; i < 50; i++)
        {
            Assert.True(gate.TryPass());
            _time.Advance(WarningGate.Window / WarningGate.Limit);
        }

        Assert.Equal(0, gate.TakeWithheld());
    }

    [Fact]
    public void What_was_withheld_is_never_forgotten()
    {
        var gate = new WarningGate(_time);
        for (var i = 0; i < WarningGate.Limit + 1; i++)
            gate.TryPass();
        _time.Advance(2 * WarningGate.Window);

        Assert.False(gate.TryPass());
        Assert.Equal(2, gate.TakeWithheld());
    }
}
