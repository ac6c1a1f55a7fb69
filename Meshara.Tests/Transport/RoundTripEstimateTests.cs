using Meshara.Node.Transport;

namespace Meshara.Tests.Transport;

public sealed class RoundTripEstimateTests
{
    private readonly RoundTripEstimate _estimate = new();

    [Fact]
    public void Before_the_first_sample_nothing_is_known()
    {
        Assert.Null(_estimate.Smoothed);
        Assert.Null(_estimate.Timeout);
    }

    [Fact]
    public void The_first_sample_is_the_estimate_and_its_half_the_variation()
    {
        _estimate.Add(TimeSpan.FromSeconds(0.2));
        Assert.Equal(0.2, _estimate.Smoothed!.Value.TotalSeconds, 6);
        Assert.Equal(0.2 + 4 * 0.1, _estimate.Timeout!.Value.TotalSeconds, 6);
    }

    [Fact]
    public void Later_samples_weigh_an_eighth()
    {
        _estimate.Add(TimeSpan.FromSeconds(0.2));
        _estimate.Add(TimeSpan.FromSeconds(1));
        Assert.Equal(0.875 * 0.2 + 0.125, _estimate.Smoothed!.Value.TotalSeconds, 6);
    }
}
