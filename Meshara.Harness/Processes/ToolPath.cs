namespace Meshara.Harness.Processes;

/// <summary>Finds installed programs, as a shell does.</summary>
internal static class ToolPath
{
    /// <summary>The full path of the first of these programs that is on PATH, or null.</summary>
    /// <param name="path">The value of PATH.</param>
    /// <param name="names">Names the program goes by, the best first, without an extension.</param>
    public static string? Find(string? path, params IEnumerable<string> names)
    {
        var extension = OperatingSystem.IsWindows() ? ".exe" : "";
        var folders = (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return names
            .SelectMany(name => folders.Select(folder => Path.Combine(folder, name + extension)))
            .FirstOrDefault(File.Exists);
    }
}
