using System.Reflection;

namespace Meshara.Node.Telemetry;

/// <summary>The version and revision of this build, from the assembly's informational version (<c>1.2.3+revision</c>).</summary>
internal static class BuildInfo
{
    private static readonly string[] Parts =
        (typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0").Split('+', 2);

    /// <summary>For example <c>0.1.0</c>.</summary>
    public static string Version => Parts[0];

    /// <summary>Source revision; <c>unknown</c> if the build had none.</summary>
    public static string Revision => Parts.Length > 1 ? Parts[1] : "unknown";
}
