using System.Diagnostics;
using Meshara.Harness.Processes;
using PuppeteerSharp;

namespace Meshara.Tests.Stack.Host;

/// <summary>An installed Chromium in headless mode.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(10);
    private const string ReloadWanted = "An unhandled error has occurred. Reload";
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome"];

    private readonly IBrowser _browser;

    private Browser(IBrowser browser, IPage page) => (_browser, Page) = (browser, page);

    /// <summary>Path of the program; null if none is installed.</summary>
    public static string? Program { get; } = ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), Names);

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>Starts it.</summary>
    public static async Task<Browser> StartAsync()
    {
        // Chromium's sandbox does not work as root, and only pages of this machine are visited.
        var browser = await Puppeteer.LaunchAsync(new LaunchOptions { ExecutablePath = Program, Headless = true, Args = ["--no-sandbox"] });
        var page = await browser.NewPageAsync();
        await page.SetViewportAsync(new ViewPortOptions { Width = 1440, Height = 860 });
        return new Browser(browser, page);
    }

    /// <summary>Opens a page.</summary>
    public Task GoAsync(string url) => Page.GoToAsync(url, (int)Deadline.TotalMilliseconds, [WaitUntilNavigation.DOMContentLoaded]);

    /// <summary>
    /// Opens a page repeatedly until it shows an element: some pages do not show data that arrives after they were opened.
    /// </summary>
    public async Task ShowsAsync(string url, string selector)
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            await GoAsync(url);
            try
            {
                await Page.WaitForSelectorAsync(selector, new WaitForSelectorOptions { Timeout = (int)Attempt.TotalMilliseconds });
                return;
            }
            catch (WaitTaskTimeoutException) when (Stopwatch.GetElapsedTime(started) < Deadline)
            {
                // Try again.
            }
        }
    }

    /// <summary>Waits until the page's text is as expected; reloads a page that asks for it.</summary>
    /// <returns>The text.</returns>
    public async Task<string> ReadsAsync(Predicate<string> isRight, CancellationToken test)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        var text = "";
        try
        {
            while (!isRight(text = await Page.EvaluateExpressionAsync<string>("document.body.innerText")))
            {
                // The dashboard's connection to its page can break while the page loads; the page then shows no new data.
                if (text.Contains(ReloadWanted, StringComparison.Ordinal))
                    await GoAsync(Page.Url);
                await timer.WaitForNextTickAsync(limit.Token);
            }
            return text;
        }
        catch (OperationCanceledException) when (!test.IsCancellationRequested)
        {
            throw new TimeoutException($"{Page.Url} did not show what it should within {Deadline.TotalSeconds:0} s but:\n{text}");
        }
    }

    /// <summary>Saves a picture if <c>MESHARA_PICTURES</c> names a folder.</summary>
    public async Task TakeAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("MESHARA_PICTURES") is not { Length: > 0 } folder)
            return;
        Directory.CreateDirectory(folder);
        await Page.ScreenshotAsync(Path.Combine(folder, name + ".png"));
    }

    public async ValueTask DisposeAsync() => await _browser.DisposeAsync();
}
