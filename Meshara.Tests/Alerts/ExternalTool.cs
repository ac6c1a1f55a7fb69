using System.Diagnostics;

namespace Meshara.Tests.Alerts;

/// <summary>An installed program that a test runs.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Answer">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record ExternalTool(int ExitCode, string Answer, string Errors)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>Both streams.</summary>
    public string Output => Answer + Errors;

    /// <summary>Runs a program from PATH to its end; skips the test if it is not installed.</summary>
    /// <exception cref="TimeoutException">It did not end within three minutes and was killed.</exception>
    public static async Task<ExternalTool> RunOrSkipAsync(string name, string package, params string[] arguments)
    {
        var path = Find(name);
        Assert.SkipWhen(path is null, $"{name} is not installed (apt-get install {package}).");

        var start = new ProcessStartInfo(path) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AlertFiles.Root };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start.");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        // Read both streams while it runs: a full pipe would block it forever.
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var errors = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return new ExternalTool(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{name} {string.Join(' ', arguments)} did not end within {Deadline}.");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>True if a program is on PATH or its variable, such as <c>MESHARA_HELM</c>, names one.</summary>
    public static bool IsInstalled(string name) => Find(name) is not null;

    private static string? Find(string name) => Environment.GetEnvironmentVariable($"MESHARA_{name.ToUpperInvariant()}") is { Length: > 0 } named
        ? named
        : OnPath(name);

    private static string? OnPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(folder => new[] { Path.Combine(folder, name), Path.Combine(folder, name + ".exe") })
        .FirstOrDefault(File.Exists);
}
