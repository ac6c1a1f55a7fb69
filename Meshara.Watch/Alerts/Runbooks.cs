using System.Reflection;

namespace Meshara.Watch.Alerts;

/// <summary>The runbooks of <c>docs/runbooks</c>, which this assembly carries.</summary>
internal static class Runbooks
{
    private const string Folder = "runbooks/";

    private static readonly HashSet<string> Names =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(name => name[Folder.Length..]),
    ];

    /// <summary>True if the alert has one.</summary>
    public static bool Has(string alert) => Names.Contains(alert);

    /// <summary>Opens one as Markdown; null if there is none.</summary>
    public static Stream? Open(string alert) =>
        Has(alert) ? Assembly.GetExecutingAssembly().GetManifestResourceStream(Folder + alert) : null;
}
