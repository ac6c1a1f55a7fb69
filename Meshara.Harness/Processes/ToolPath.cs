namespace Meshara.Harness.Processes;

/// <summary>Finds installed programs on PATH.</summary>
internal static class ToolPath
{
    /// <summary>The full path of the first of these programs that is on PATH; null if none is.</summary>
    /// <param name="path">The value of PATH.</param>
    /// <param name="names">Names of the program without an extension, in order of preference.</param>
    public static string? Find(string? path, params IEnumerable<string> names)
    {
        var extension = OperatingSystem.IsWindows() ? ".exe" : "";
        var folders = (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return names
            .SelectMany(name => folders.Select(folder => Path.Combine(folder, name + extension)))
            .FirstOrDefault(File.Exists);
    }
}
