using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>Takes pictures of pages with a headless browser, into the folder that <c>MESHARA_PICTURES</c> names.</summary>
internal sealed class Pictures
{
    private static readonly string[] Browsers = ["chromium", "google-chrome", "chromium-browser"];

    private readonly string _browser;
    private readonly string _folder;

    private Pictures(string browser, string folder) => (_browser, _folder) = (browser, folder);

    /// <summary>Skips the test if no pictures are requested or no browser is installed.</summary>
    public static Pictures RequestedOrSkip()
    {
        var folder = Environment.GetEnvironmentVariable("MESHARA_PICTURES");
        Assert.SkipWhen(string.IsNullOrEmpty(folder), "MESHARA_PICTURES names no folder for pictures.");
        var browser = Browsers.FirstOrDefault(ExternalTool.IsInstalled);
        Assert.SkipWhen(browser is null, $"There is no browser that takes pictures ({string.Join(", ", Browsers)}).");
        return new Pictures(browser!, Directory.CreateDirectory(folder!).FullName);
    }

    /// <summary>Takes a picture <c>NAME.png</c> of a page, after giving it time to draw.</summary>
    public async Task TakeAsync(Uri page, string name, CancellationToken test)
    {
        var file = Path.Combine(_folder, $"{name}.png");
        var profile = Directory.CreateTempSubdirectory("meshara-browser-");
        try
        {
            var result = await ExternalTool.RunOrSkipAsync(_browser, _browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                $"--user-data-dir={profile.FullName}", "--window-size=1600,1400", "--virtual-time-budget=20000", $"--screenshot={file}", page.ToString());
            Assert.True(File.Exists(file), result.Output);
        }
        finally
        {
            profile.Delete(recursive: true);
        }
        test.ThrowIfCancellationRequested();
    }
}
