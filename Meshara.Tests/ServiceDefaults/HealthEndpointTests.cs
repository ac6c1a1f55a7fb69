using System.Net;
using Meshara.ServiceDefaults;
using Meshara.ServiceDefaults.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;
using Meshara.Tests.Telemetry;

namespace Meshara.Tests.ServiceDefaults;

[Collection(ExportCollection.Name)]
public sealed class HealthEndpointTests
{
    [Theory]
    [InlineData(HealthStatus.Healthy, HttpStatusCode.OK)]
    [InlineData(HealthStatus.Degraded, HttpStatusCode.OK)]
    [InlineData(HealthStatus.Unhealthy, HttpStatusCode.ServiceUnavailable)]
    public async Task The_health_body_has_exactly_the_members_of_the_contract(HealthStatus peers, HttpStatusCode expected)
    {
        var time = new FakeTimeProvider();
        await using var service = await TestService.StartAsync(environment: "Production", build: builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(time);
            builder.Services.AddSingleton<INodeVitals>(new Vitals(ConnectedPeers: 4, PendingMessages: 7));
            builder.Services.AddSingleton(provider => new ProcessResources(provider.GetRequiredService<TimeProvider>(), () => time.GetUtcNow() - time.Start));
            builder.Services.AddHealthChecks()
                .AddCheck("peers", () => new HealthCheckResult(peers), [HealthTags.Health])
                .AddCheck("joined", () => HealthCheckResult.Unhealthy(), [HealthTags.Ready]);
        });
        for (var second = 0; second < 123; second++)
            time.Advance(TimeSpan.FromSeconds(1)); // one jump would look like a starved thread pool
        time.Advance(TimeSpan.FromSeconds(0.9));

        using var response = await service.GetAsync("/health");
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.True(response.Headers.CacheControl?.NoStore);
        var memory = System.Text.Json.JsonDocument.Parse(body).RootElement.GetProperty("memory_mb").GetInt64();
        Assert.InRange(memory, 1, 1_000_000);
        // One core busy all the time: 100 percent, with one decimal.
        Assert.Equal(
            $$$"""{"status":"{{{peers}}}","uptime":123,"connected_peers":4,"pending_messages":7,"memory_mb":{{{memory}}},"cpu_percent":100.0,"checks":{"event_loop":"Healthy","peers":"{{{peers}}}"}}""",
            body);
    }

    [Fact]
    public async Task Ready_follows_its_own_checks_and_says_which_failed_and_why()
    {
        var joined = HealthCheckResult.Unhealthy("no bootstrap peer answered");
        await using var service = await TestService.StartAsync(build: builder => builder.Services.AddHealthChecks()
            .AddCheck("joined", () => joined, [HealthTags.Ready])
            .AddCheck("storage", () => HealthCheckResult.Unhealthy("the disk is full"), [HealthTags.Health]));

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"Unhealthy","failed":[{"check":"joined","status":"Unhealthy","reason":"no bootstrap peer answered"}]}"""),
            await AskAsync(service, "/ready"));

        joined = HealthCheckResult.Healthy();
        Assert.Equal((HttpStatusCode.OK, """{"status":"Healthy","failed":[]}"""), await AskAsync(service, "/ready"));
        Assert.Equal((HttpStatusCode.OK, """{"status":"Healthy","failed":[]}"""), await AskAsync(service, "/live"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(service, "/health")).Status);
    }

    [Fact]
    public async Task A_check_that_throws_is_unhealthy_with_its_message()
    {
        await using var service = await TestService.StartAsync(build: builder => builder.Services.AddHealthChecks()
            .AddCheck("joined", () => throw new InvalidOperationException("broken \"check\""), [HealthTags.Ready]));

        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"Unhealthy","failed":[{"check":"joined","status":"Unhealthy","reason":"broken \"check\""}]}"""),
            await AskAsync(service, "/ready"));
    }

    [Fact]
    public async Task Live_fails_while_the_thread_pool_does_not_run_its_work_and_recovers()
    {
        var time = new StarvedTime();
        await using var service = await TestService.StartAsync(build: builder => builder.Services.AddSingleton<TimeProvider>(time));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(service, "/live")).Status);

        time.Starved = true;
        time.Advance(EventLoopMonitor.Interval + EventLoopCheck.DegradedAfter);
        Assert.Equal(
            (HttpStatusCode.OK, """{"status":"Degraded","failed":[{"check":"event_loop","status":"Degraded","reason":"work waits 2.0 s for a thread"}]}"""),
            await AskAsync(service, "/live"));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(service, "/health")).Status);

        time.Advance(EventLoopCheck.UnhealthyAfter - EventLoopCheck.DegradedAfter);
        Assert.Equal(
            (HttpStatusCode.ServiceUnavailable, """{"status":"Unhealthy","failed":[{"check":"event_loop","status":"Unhealthy","reason":"work waits 10.0 s for a thread"}]}"""),
            await AskAsync(service, "/live"));

        time.Starved = false;
        time.RunHeldCallbacks(); // ten seconds late: that delay counts until the next one is on time
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(service, "/live")).Status);
        time.Advance(EventLoopMonitor.Interval);
        Assert.Equal((HttpStatusCode.OK, """{"status":"Healthy","failed":[]}"""), await AskAsync(service, "/live"));
    }

    [Fact]
    public async Task A_service_without_vitals_shows_zeros()
    {
        await using var service = await TestService.StartAsync();

        var (status, body) = await AskAsync(service, "/health");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("\"connected_peers\":0,\"pending_messages\":0,", body, StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(TestService service, string path)
    {
        using var response = await service.GetAsync(path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private sealed record Vitals(int ConnectedPeers, int PendingMessages) : INodeVitals;

    /// <summary>A clock whose timers expire but, while starved, get no thread to run on.</summary>
    private sealed class StarvedTime : FakeTimeProvider
    {
        private readonly List<Action> _held = [];

        public bool Starved { get; set; }

        public void RunHeldCallbacks()
        {
            var held = _held.ToArray();
            _held.Clear();
            foreach (var callback in held)
                callback();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(
            passed =>
            {
                if (Starved)
                    _held.Add(() => callback(passed));
                else
                    callback(passed);
            },
            state, dueTime, period);
    }
}
