using System.Diagnostics;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Dashboards;

/// <summary>The files of <c>tracing/</c>, read by Jaeger itself.</summary>
public sealed class TracingTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("jaeger.yaml")]
    [InlineData("memory.yaml")]
    public async Task Jaeger_knows_every_setting(string file)
    {
        Assert.SkipWhen(LocalJaeger.Program is null, LocalJaeger.Missing);
        await using var jaeger = new RunningProgram(new ProcessStartInfo(LocalJaeger.Program!, (string[])["validate", "--config", Path.Combine(LocalJaeger.Tracing, file)]));

        Assert.True(await jaeger.ExitAsync(Test) == 0, jaeger.Output);
    }
}
