using System.Text.RegularExpressions;
using Meshara.Tests.Alerts;
using Meshara.Tests.Api;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Tests.Telemetry;

/// <summary>Files that rely on the telemetry contract refer only to things in it.</summary>
public sealed partial class ReferenceTests
{
    public static TheoryData<string> Folders => [.. ((string[])["dashboards", "alerts", "docs/runbooks"]).Where(folder => Directory.Exists(Folder(folder)) && Files(folder).Length > 0)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Every_metric_is_in_the_contract(string folder)
    {
        var contract = TelemetryContract.Load();
        // JSON escapes the quotation marks of a query.
        var uses = Files(folder).Select(path => (path, Text: File.ReadAllText(path).Replace("\\\"", "\"", StringComparison.Ordinal))).ToList();
        Assert.Contains(uses, use => use.Text.Contains("meshara_", StringComparison.Ordinal));
        Assert.Empty(uses.SelectMany(use => contract.Violations(use.Text).Select(violation => $"{use.path}: {violation}")));
    }

    [Fact]
    public void The_code_and_the_table_of_events_agree() => Assert.Equal(
        EventContract.Declared().OrderBy(one => one.Name, StringComparer.Ordinal),
        EventContract.Documented().OrderBy(one => one.Name, StringComparer.Ordinal));

    [Fact]
    public void Every_event_that_a_runbook_searches_for_exists()
    {
        var known = EventContract.Documented().Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        var used = Files("docs/runbooks").SelectMany(path => EventUse().Matches(File.ReadAllText(path)).Select(match => match.Groups["name"].Value)).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(known));
    }

    [Fact]
    public async Task Every_path_that_a_runbook_asks_exists()
    {
        await using var server = await ApiServer.StartAsync();
        var routes = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => new RegexPattern(endpoint.RoutePattern)).ToList();
        var used = Files("docs/runbooks").SelectMany(path => PathUse().Matches(File.ReadAllText(path)).Select(match => match.Groups["path"].Value))
            .Where(path => !path.StartsWith("/api/v", StringComparison.Ordinal)) // Prometheus and Alertmanager have their own
            .ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(used);
        Assert.All(used, path => Assert.True(routes.Exists(route => route.Fits(path)), path));
    }

    private static string Folder(string folder) => Path.Combine(AlertFiles.Root, folder);

    private static string[] Files(string folder) => Directory.GetFiles(Folder(folder), "*", SearchOption.AllDirectories);

    // jq -c 'select(.event == "HandshakeFailed")', event:HandshakeFailed
    [GeneratedRegex("""\bevent"?\s*(?:==|:|=)\s*"?(?<name>[A-Z][A-Za-z]+)""")]
    private static partial Regex EventUse();

    [GeneratedRegex(@"(?<path>/api/[a-z][a-z0-9/{}_-]*)")]
    private static partial Regex PathUse();

    /// <summary>A route in which each parameter matches any text, even none, because a variable may follow.</summary>
    private sealed class RegexPattern(RoutePattern pattern)
    {
        private readonly Regex _regex = new("^/" + string.Join('/', pattern.PathSegments.Select(segment =>
            segment.Parts is [RoutePatternLiteralPart literal] ? Regex.Escape(literal.Content) : "[^/]*")) + "/?$");

        public bool Fits(string path) => _regex.IsMatch(path);
    }
}
