using System.Runtime.CompilerServices;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Preflight;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>A test that starts containers; skipped, with the reason, if the engine or an image is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ContainerEngineFactAttribute : FactAttribute
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);
    private static readonly Lazy<string?> NoEngine = new(() => Missing("version", "--format", "{{.Server.Version}}") is { } why ? $"No container engine answers: {why}" : null);

    /// <param name="parts">
    /// Names of the parts whose images must be present, or may be pulled if MESHARA_REQUIRE is <c>all</c>; null for all parts.
    /// </param>
    /// <param name="file">The test's file.</param>
    /// <param name="line">Its line.</param>
    public ContainerEngineFactAttribute(string[]? parts = null, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        IEnumerable<string> images = [ContainerEngine.TunnelImage, .. StackPart.All.Where(part => parts is null || parts.Contains(part.Name)).Select(part => $"{part.Image}")];
        var missing = NoEngine.Value is null && Environment.GetEnvironmentVariable("MESHARA_REQUIRE") != "all"
            ? images.Where(image => Missing("image", "inspect", "--format", "{{.Id}}", image) is not null).ToList()
            : [];
        Skip = NoEngine.Value ?? (missing.Count > 0 ? $"Images are missing: {string.Join(", ", missing)}. Pull them, or set MESHARA_REQUIRE=all where a registry is reachable." : null);
    }

    private static string? Missing(params string[] arguments)
    {
        var (exitCode, output) = ContainerEngine.FromEnvironment().RunAsync(Deadline, arguments).GetAwaiter().GetResult();
        return exitCode == 0 ? null : output;
    }
}
