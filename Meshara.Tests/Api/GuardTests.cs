using System.Net;
using Meshara.Node;
using Meshara.Node.Api;
using Microsoft.AspNetCore.Builder;

namespace Meshara.Tests.Api;

public sealed class GuardTests
{
    private static readonly Dictionary<string, string?> WithToken = new() { ["Api:Token"] = "open-sesame" };

    [Theory]
    [InlineData("/api/node")]
    [InlineData("/api/inbox/stream")]
    [InlineData("/API/node")]
    [InlineData("/api/nothing")]
    [InlineData("/openapi/v1.json")]
    public async Task Without_the_token_nothing_is_told(string path)
    {
        await using var server = await ApiServer.StartAsync(WithToken);
        var none = await server.GetAsync(path);
        await none.ProblemAsync(HttpStatusCode.Unauthorized, ApiErrorCodes.Unauthorized);
        Assert.Equal("Bearer realm=\"meshara\"", none.Headers.WwwAuthenticate.ToString());

        foreach (var wrong in new[] { "Bearer open-sesam", "Bearer open-sesamee", "Bearer OPEN-SESAME", "Bearer ", "Basic open-sesame", "open-sesame" })
            await (await server.GetAsync(path, ("Authorization", wrong))).ProblemAsync(HttpStatusCode.Unauthorized, ApiErrorCodes.Unauthorized);
    }

    [Theory]
    [InlineData("/api/node")]
    [InlineData("/openapi/v1.json")]
    public async Task The_token_opens_the_API_under_any_host_name(string path)
    {
        await using var server = await ApiServer.StartAsync(WithToken);
        await (await server.GetAsync(path, ("Authorization", "bearer open-sesame"), ("Host", "node-1.example.org"))).JsonAsync();
    }

    [Fact]
    public async Task Health_needs_no_token()
    {
        await using var server = await ApiServer.StartAsync(WithToken);
        Answers.IsJson(ApiServer.Health, await (await server.GetAsync("/health", ("Host", "anything"))).JsonAsync(HttpStatusCode.ServiceUnavailable));
    }

    [Theory]
    [InlineData("attacker.example", false)]
    [InlineData("127.0.0.1.attacker.example", false)]
    [InlineData("localhost.attacker.example", false)]
    [InlineData("192.168.1.5:8080", false)]
    [InlineData("localhost:8080", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("[::1]:8080", true)]
    [InlineData("node.localhost", true)]
    public async Task Without_a_token_only_names_of_this_machine_are_served(string host, bool served)
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.GetAsync("/api/node", ("Host", host));
        if (served)
            await answer.JsonAsync();
        else
            await answer.ProblemAsync(HttpStatusCode.Forbidden, ApiErrorCodes.ForbiddenHost);
    }

    [Theory]
    [InlineData("/api/node", HttpStatusCode.OK)]
    [InlineData("/api/nothing", HttpStatusCode.NotFound)]
    [InlineData("/api/inbox?after=x", HttpStatusCode.BadRequest)]
    [InlineData("/openapi/v1.json", HttpStatusCode.OK)]
    [InlineData("/health", HttpStatusCode.ServiceUnavailable)]
    [InlineData("/broken", HttpStatusCode.InternalServerError)]
    public async Task No_answer_may_be_kept_framed_or_taken_for_another_type(string path, HttpStatusCode status)
    {
        await using var server = await ApiServer.StartAsync(
            map: app => app.MapGet("/broken", string () => throw new InvalidOperationException("of this test")));
        var answer = await server.GetAsync(path);
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains("no-store", answer.Headers.GetValues("Cache-Control").Single(), StringComparison.Ordinal);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task The_metrics_port_serves_no_API()
    {
        await using var server = await ApiServer.StartAsync(new() { ["Metrics:Port"] = FreePort.Next().ToString(System.Globalization.CultureInfo.InvariantCulture) });
        Assert.NotEqual(server.Url, server.MetricsUrl);
        using var client = new HttpClient { BaseAddress = server.MetricsUrl };
        using var answer = await client.GetAsync("/api/node", TestContext.Current.CancellationToken);
        await answer.ProblemAsync(HttpStatusCode.NotFound, ErrorCodes.NotFound);
    }
}
