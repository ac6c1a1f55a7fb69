using Meshara.Node.Protocol;

namespace Meshara.Tests.Protocol;

public sealed class MicrosecondTimeTests
{
    [Theory]
    [InlineData("8999-12-31T23:59:59Z", true)]
    [InlineData("9000-01-01T00:00:00Z", false)]
    [InlineData("9999-12-31T23:59:59Z", false)]
    public void A_time_near_the_end_of_the_calendar_is_refused(string text, bool isTaken)
    {
        var time = DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(isTaken, MicrosecondTime.TryFromMicroseconds(time.ToMicroseconds(), out var read));
        Assert.Equal(isTaken ? time : default, read);
    }
}
