using System.Reflection;
using System.Runtime.InteropServices;

namespace Meshara.Harness;

/// <summary>Paths of this build's files, which the build recorded in the program's assembly (see Locations.targets).</summary>
internal static class Locations
{
    /// <summary>The node's executable from the same build.</summary>
    /// <exception cref="StackException">It is missing.</exception>
    public static string NodeExecutable()
    {
        var program = Path.ChangeExtension(Recorded("MesharaNode"), OperatingSystem.IsWindows() ? ".exe" : null);
        return File.Exists(program)
            ? program
            : throw new StackException($"The node's program {program} is missing. Build it with: dotnet build Meshara.Node");
    }

    /// <summary>The solution's folder, which holds the configuration of every server.</summary>
    public static string Repository() => Path.GetFullPath(Path.Combine(Alerts(), ".."));

    /// <summary>The folder with prometheus.yml, rules and alertmanager.yml.</summary>
    public static string Alerts() => Recorded("MesharaAlerts");

    /// <summary>
    /// Root of the .NET installation that this process runs on. Passed as DOTNET_ROOT, it lets a framework-dependent program started by
    /// path find its runtime even if dotnet is not installed in the default location.
    /// </summary>
    public static string DotnetRoot() =>
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    private static string Recorded(string key) => Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, Find(key) ?? throw new InvalidOperationException($"the build did not record {key}")));

    private static string? Find(string key)
    {
        // Each program that uses this library has its own folder, so recorded relative paths differ.
        Assembly?[] programs = [Assembly.GetEntryAssembly(), typeof(Locations).Assembly];
        return programs.OfType<Assembly>().SelectMany(program => program.GetCustomAttributes<AssemblyMetadataAttribute>())
            .FirstOrDefault(attribute => attribute.Key == key)?.Value;
    }
}
