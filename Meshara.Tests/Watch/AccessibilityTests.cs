using Deque.AxeCore.Playwright;
using Meshara.Tests.Mesh;
using Microsoft.Playwright;

namespace Meshara.Tests.Watch;

/// <summary>Every view in both themes, wide and on a phone, by axe-core's rules.</summary>
public sealed class AccessibilityTests
{
    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 1440)]
    [InlineData(ColorScheme.Light, 375)]
    [InlineData(ColorScheme.Dark, 375)]
    public async Task No_view_has_serious_findings(ColorScheme theme, int width)
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await using var bad = await HostileNode.StartAsync("bad", misbehave: context =>
        {
            context.Response.StatusCode = 500;
            return Task.FromResult(context.Request.Path == "/health");
        });
        await using var page = await PageServer.OpenAsync([.. nodes.Select(PageServer.Watched), bad.Watched], width, theme);
        await page.ShowsAsync(2, "healthy");
        await page.ShowsAsync(1, "suspect");
        await page.Page.ClickAsync("#nodes tbody button");

        foreach (var view in (string[])["map", "message", "deliveries", "alerts/NodeDown"])
        {
            await page.Browser.GoAsync($"{page.Url}#{view}");
            await page.Browser.HoldsAsync($"!document.querySelector('[data-view={view.Split('/')[0]}]').hidden");
            await page.Browser.HoldsAsync("location.hash !== '#alerts/NodeDown' || document.querySelector('#runbook h3') !== null");
            var result = await page.Page.RunAxe();
            Assert.Empty(result.Violations.Where(finding => finding.Impact is "serious" or "critical")
                .Select(finding => $"{view}: {finding.Id} {finding.Help} {string.Join(' ', finding.Nodes.Select(node => node.Html))}"));
            // Nothing is wider than the window but what scrolls by itself.
            Assert.True(await page.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), view);
        }
        Assert.Equal(theme == ColorScheme.Dark ? "dark" : "light", await page.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
        await page.Browser.TakeAsync($"mesh-{theme}-{width}".ToLowerInvariant());
        await page.Page.ClickAsync("#theme");
        Assert.Equal(theme == ColorScheme.Dark ? "light" : "dark", await page.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
    }
}
