using Meshara.ServiceDefaults.Logging;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Meshara.Tests.Telemetry;

namespace Meshara.Tests.ServiceDefaults;

[Collection(ExportCollection.Name)]
public sealed class LogLevelsTests
{
    [Theory]
    [InlineData("", "Meshara.Node.Transport", LogLevel.Information)]
    [InlineData("debug", "Meshara.Node.Transport", LogLevel.Debug)]
    [InlineData("debug", "Microsoft.AspNetCore.Routing", LogLevel.Warning)] // quiet unless named
    [InlineData("debug", "Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService", LogLevel.None)]
    [InlineData("microsoft=trace", "Microsoft.AspNetCore.Routing", LogLevel.Trace)]
    [InlineData("meshara=warn", "Meshara.Node.Transport.Connection", LogLevel.Warning)] // its target is meshara::network
    [InlineData("meshara=warn", "Meshara.Node.Api", LogLevel.Warning)] // without a target, its category counts
    [InlineData("meshara.network=debug", "Meshara.Node.Transport.Connection", LogLevel.Debug)]
    [InlineData("meshara::network=debug", "Meshara.Node.Transport.Connection", LogLevel.Debug)]
    [InlineData("meshara.network=debug", "Meshara.Node.Routing", LogLevel.Information)]
    [InlineData("meshara=info,meshara.routing=debug,microsoft=warn", "Meshara.Node.Routing.Table", LogLevel.Debug)]
    [InlineData("meshara.routing=debug,meshara=error", "Meshara.Node.Routing.Table", LogLevel.Debug)] // order does not matter
    [InlineData("meshara=error,Meshara.Node.Routing=Trace", "Meshara.Node.Routing", LogLevel.Trace)] // a category, any case
    [InlineData("meshara=off", "Meshara.Node.Routing", LogLevel.None)]
    [InlineData(" error , meshara = info ", "Other", LogLevel.Error)]
    public async Task A_filter_sets_the_lowest_level_that_is_logged(string filter, string category, LogLevel expected)
    {
        await using var service = await TestService.StartAsync(settings: new() { ["MESHARA_LOG"] = filter });

        Assert.Equal(expected, LowestLevel(service.Logger(category)));
    }

    [Fact]
    public async Task The_filter_wins_over_configuration_where_it_speaks_and_nowhere_else()
    {
        await using var service = await TestService.StartAsync(settings: new()
        {
            ["MESHARA_LOG"] = "meshara.network=error",
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:Meshara.Node.Transport.Connection"] = "Trace",
            ["Logging:LogLevel:Meshara.Node.Routing"] = "Debug",
        });

        Assert.Equal(LogLevel.Error, LowestLevel(service.Logger("Meshara.Node.Transport.Connection")));
        Assert.Equal(LogLevel.Debug, LowestLevel(service.Logger("Meshara.Node.Routing")));
        Assert.Equal(LogLevel.Warning, LowestLevel(service.Logger("Other")));
    }

    [Fact]
    public async Task Levels_change_while_the_service_runs_and_loggers_in_use_follow()
    {
        await using var service = await TestService.StartAsync(settings: new() { ["MESHARA_LOG"] = "meshara=info" });
        var levels = service.Services.GetRequiredService<LogLevels>();
        var logger = service.Logger("Meshara.Node.Routing");
        Assert.Equal("meshara=info", levels.Current);

        levels.Apply(" meshara=info , meshara::routing = trace");
        Assert.Equal("meshara=info,meshara::routing=trace", levels.Current);
        Assert.Equal(LogLevel.Trace, LowestLevel(logger));

        levels.Apply("meshara=error");
        Assert.Equal(LogLevel.Error, LowestLevel(logger));

        levels.Apply("");
        Assert.Equal("", levels.Current);
        Assert.Equal(LogLevel.Information, LowestLevel(logger));
    }

    [Theory]
    [InlineData("debgu", "'debgu' is neither a level nor NAME=LEVEL")]
    [InlineData("meshara=loud", "'meshara=loud' has no known level")]
    [InlineData("info,=debug", "'=debug' has no valid name")]
    [InlineData("meshara[span]=info", "'meshara[span]=info' has no valid name")]
    [InlineData("meshara=", "'meshara=' has no known level")]
    public async Task A_wrong_filter_is_refused_with_its_reason_and_changes_nothing(string filter, string reason)
    {
        await using var service = await TestService.StartAsync(settings: new() { ["MESHARA_LOG"] = "meshara=error" });
        var levels = service.Services.GetRequiredService<LogLevels>();

        Assert.Contains(reason, Assert.Throws<FormatException>(() => levels.Apply(filter)).Message, StringComparison.Ordinal);

        Assert.Equal("meshara=error", levels.Current);
        Assert.Equal(LogLevel.Error, LowestLevel(service.Logger("Meshara.Node.Routing")));
        await Assert.ThrowsAsync<FormatException>(() => TestService.StartAsync(settings: new() { ["MESHARA_LOG"] = filter }));
    }

    private static LogLevel LowestLevel(ILogger logger) => Enum.GetValues<LogLevel>().First(level => level == LogLevel.None || logger.IsEnabled(level));
}
