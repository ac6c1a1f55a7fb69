using System.Collections.Concurrent;
using System.Diagnostics;
using Meshara.Harness.Processes;
using Microsoft.Playwright;

namespace Meshara.Tests.Stack.Host;

/// <summary>An installed Chromium in headless mode.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(10);
    private const string ReloadWanted = "An unhandled error has occurred. Reload";
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "chrome"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser, IPage page)
    {
        (_playwright, _browser, Page) = (playwright, browser, page);
        page.SetDefaultTimeout((float)Deadline.TotalMilliseconds);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
                Errors.Enqueue(message.Text);
        };
        page.PageError += (_, error) => Errors.Enqueue(error);
    }

    /// <summary>Path of the program; null if none is installed.</summary>
    public static string? Program { get; } = ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), Names);

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>What the page wrote to the console as errors, such as violations of its Content-Security-Policy.</summary>
    public ConcurrentQueue<string> Errors { get; } = [];

    /// <summary>Starts it.</summary>
    /// <param name="width">Width of the window.</param>
    /// <param name="theme">The system's theme.</param>
    /// <param name="arguments">More arguments of the program.</param>
    public static async Task<Browser> StartAsync(int width = 1440, ColorScheme theme = ColorScheme.Light, params string[] arguments)
    {
        var playwright = await Playwright.CreateAsync();
        // Chromium's sandbox does not work as root, and only pages of this machine are visited.
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = ["--no-sandbox", .. arguments] });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = width, Height = 860 }, ColorScheme = theme });
        return new Browser(playwright, browser, page);
    }

    /// <summary>Opens a page.</summary>
    public Task GoAsync(string url) => Page.GotoAsync(url, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });

    /// <summary>
    /// Waits until an expression of the page is true. Playwright's own wait evaluates it inside the page, which a
    /// Content-Security-Policy forbids.
    /// </summary>
    public async Task HoldsAsync(string expression)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var started = Stopwatch.GetTimestamp(); !await Page.EvaluateAsync<bool>($"!!({expression})"); await timer.WaitForNextTickAsync())
        {
            if (Stopwatch.GetElapsedTime(started) > Deadline)
                throw new TimeoutException($"{expression} does not hold. Errors: {string.Join(' ', Errors)}\n{await Page.InnerTextAsync("body")}");
        }
    }

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
                await Page.WaitForSelectorAsync(selector, new PageWaitForSelectorOptions { Timeout = (float)Attempt.TotalMilliseconds });
                return;
            }
            catch (TimeoutException) when (Stopwatch.GetElapsedTime(started) < Deadline)
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
            while (!isRight(text = await Page.EvaluateAsync<string>("document.body.innerText")))
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
        await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png") });
    }

    /// <summary>Saves figures beside the pictures.</summary>
    public static async Task NoteAsync(string name, string text)
    {
        if (Environment.GetEnvironmentVariable("MESHARA_PICTURES") is { Length: > 0 } folder)
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(folder).FullName, name + ".txt"), text + "\n");
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
