using Meshara.Harness.Processes;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Watch;

/// <summary>Figures and alerts on the page.</summary>
[Collection(MeshCollection.Name)]
public sealed class DeliveriesTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Throughput_latency_and_queues_are_live()
    {
        await using var mesh = await LocalMesh.StartAsync(2, Test);
        mesh.Send(20);
        await using var page = await PageServer.OpenAsync(mesh.Nodes.Select(PageServer.Watched));
        await page.ChooseAsync("deliveries");

        await page.Browser.HoldsAsync("parseFloat(document.querySelector('#charts .chart b').textContent) > 1");
        await page.Browser.HoldsAsync("[...document.querySelectorAll('#charts .chart b')].slice(1, 3).every(each => / m?s$/.test(each.textContent))");
        await page.Browser.HoldsAsync("document.querySelector('#charts polyline').points.length > 3");
        await page.Browser.HoldsAsync("[...document.querySelectorAll('#traffic tbody tr')].every(row => parseFloat(row.children[1].textContent) > 0)");
        await page.Browser.TakeAsync("mesh-deliveries");
        Assert.Empty(page.Browser.Errors);
    }

    [Fact]
    public async Task What_fires_is_shown_with_its_runbook()
    {
        var path = Environment.GetEnvironmentVariable("PATH");
        Assert.SkipWhen(ToolPath.Find(path, "prometheus") is null || ToolPath.Find(path, "alertmanager", "prometheus-alertmanager") is null, "Prometheus or Alertmanager is not installed");
        await using var mesh = await LocalMesh.StartAsync(2, Test);
        mesh.Monitor();
        await using var page = await PageServer.OpenAsync(mesh.Nodes.Select(PageServer.Watched), prometheus: mesh.Prometheus);
        await page.ChooseAsync("alerts");

        await page.Page.ClickAsync("#alert-list button:has-text('Watchdog')");
        await page.Browser.HoldsAsync("document.querySelector('#runbook h3')?.textContent === 'Watchdog'");
        Assert.Equal(["Meaning", "Impact", "Diagnosis", "Mitigation"], await page.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('#runbook h4')].map(each => each.textContent).slice(0, 4)"));
        await page.Browser.TakeAsync("mesh-alerts");
        Assert.Empty(page.Browser.Errors);
    }

    [Fact]
    public async Task Without_Prometheus_the_page_says_so()
    {
        await using var page = await PageServer.OpenAsync([]);
        await page.ChooseAsync("alerts");
        await page.Browser.HoldsAsync("document.getElementById('alert-list').textContent === 'No Prometheus runs'");
    }
}
