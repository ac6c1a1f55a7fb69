using System.Reflection;
using System.Runtime.InteropServices;

namespace Meshara.Harness;

/// <summary>Files of this build, at the places the build wrote into the program's assembly (see Locations.targets).</summary>
internal static class Locations
{
    /// <summary>The executable of the node that was built with this host.</summary>
    /// <exception cref="StackException">It is not there.</exception>
    public static string NodeExecutable()
    {
        var program = Path.ChangeExtension(Recorded("MesharaNode"), OperatingSystem.IsWindows() ? ".exe" : null);
        return File.Exists(program)
            ? program
            : throw new StackException($"The node's program {program} is missing. Build it with: dotnet build Meshara.Node");
    }

    /// <summary>The folder of the solution, with the configuration of every server.</summary>
    public static string Repository() => Path.GetFullPath(Path.Combine(Alerts(), ".."));

    /// <summary>The folder with prometheus.yml, rules and alertmanager.yml.</summary>
    public static string Alerts() => Recorded("MesharaAlerts");

    /// <summary>
    /// Root of the .NET installation this process runs on: a framework-dependent program started by path finds its
    /// runtime there even when dotnet is not installed at the default place.
    /// </summary>
    public static string DotnetRoot() =>
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    private static string Recorded(string key) => Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, Find(key) ?? throw new InvalidOperationException($"the build did not record {key}")));

    private static string? Find(string key)
    {
        // Each program that uses this library lies in a folder of its own and has a record of its own.
        Assembly?[] programs = [Assembly.GetEntryAssembly(), typeof(Locations).Assembly];
        return programs.OfType<Assembly>().SelectMany(program => program.GetCustomAttributes<AssemblyMetadataAttribute>())
            .FirstOrDefault(attribute => attribute.Key == key)?.Value;
    }
}
