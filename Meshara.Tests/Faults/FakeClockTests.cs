using System.Diagnostics;
using System.Globalization;
using Meshara.Harness.Processes;
using Meshara.Tests.Stack;

namespace Meshara.Tests.Faults;

public sealed class FakeClockTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3600)]
    [InlineData(-660)]
    public async Task A_process_reads_the_clock_that_was_set(int seconds)
    {
        Assert.SkipUnless(FakeClock.IsInstalled, FakeClock.Missing);
        using var folder = new TemporaryFolder();
        var clock = new FakeClock(folder.File("clock"), TimeSpan.FromDays(1)) { Offset = TimeSpan.FromSeconds(seconds) };
        var start = new ProcessStartInfo("date", ["+%s"]) { RedirectStandardOutput = true };
        foreach (var (name, value) in clock.Environment)
            start.Environment[name] = value;

        using var date = Process.Start(start)!;
        var output = await date.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await date.WaitForExitAsync(TestContext.Current.CancellationToken);
        var told = long.Parse(output, CultureInfo.InvariantCulture);
        FakeClock.Tidy(date.Id);

        Assert.InRange(told - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), seconds - 30, seconds + 1);
        Assert.False(File.Exists(string.Create(CultureInfo.InvariantCulture, $"/dev/shm/faketime_shm_{date.Id}")));
    }
}
