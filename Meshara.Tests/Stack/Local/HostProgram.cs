using System.Diagnostics;
using System.Runtime.InteropServices;
using Meshara.Harness;

namespace Meshara.Tests.Stack.Local;

/// <summary>The programs under test from the same build as this test: same configuration, same framework.</summary>
internal static class HostProgram
{
    // …/Meshara.Tests/bin/Debug/net10.0/ → Debug/net10.0 and the folder of the solution.
    private static readonly DirectoryInfo Output = new(AppContext.BaseDirectory);
    private static readonly string Flavour = Path.Combine(Output.Parent!.Name, Output.Name);
    private static readonly string Root = Output.Parent!.Parent!.Parent!.Parent!.FullName;

    /// <summary>Debug or Release, like this test.</summary>
    public static string Configuration => Output.Parent!.Name;

    /// <summary>The host's executable.</summary>
    public static string Host { get; } = Existing(Path.Combine(Root, "Meshara.AppHost", "bin", Flavour, Executable("Meshara.AppHost")));

    /// <summary>The node's executable.</summary>
    public static string Node { get; } = Existing(Path.Combine(Root, "Meshara.Node", "bin", Flavour, Executable("meshara")));

    /// <summary>The lab's executable.</summary>
    public static string Lab { get; } = Existing(Path.Combine(Root, "Meshara.Lab", "bin", Flavour, Executable("Meshara.Lab")));

    /// <summary>The project's own alerting files.</summary>
    public static string Alerts { get; } = Path.Combine(Root, "alerts");

    /// <summary>Describes how to start a program with the runtime this test runs on.</summary>
    public static ProcessStartInfo Start(string program, params IEnumerable<string> arguments)
    {
        // Background processes of a shell ignore SIGINT and SIGQUIT, and after nohup also SIGHUP, and their children inherit
        // that. Restore the default handling here.
        var start = OperatingSystem.IsLinux()
            ? new ProcessStartInfo("/usr/bin/env", ["--default-signal=INT,QUIT,HUP", program, .. arguments])
            : new ProcessStartInfo(program, arguments);
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        // Variables in the developer's shell are for their own mesh, not for the tests.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MESHARA_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        return start;
    }

    private static string Executable(string name) => OperatingSystem.IsWindows() ? name + ".exe" : name;

    private static string Existing(string path) =>
        File.Exists(path) ? path : throw new FileNotFoundException("Build the solution first: a program under test is missing.", path);
}
