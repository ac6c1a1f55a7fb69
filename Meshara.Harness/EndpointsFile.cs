using System.Text.Json;

namespace Meshara.Harness;

/// <summary>Writes the <c>--endpoints</c> file, from which other programs learn the addresses of the running nodes.</summary>
internal static class EndpointsFile
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    /// <summary>Writes the file in one step: a program that waits for it to appear finds it complete.</summary>
    public static void Write(string path, IEnumerable<Entry> nodes) =>
        WriteAtomically(path, JsonSerializer.Serialize(new { Nodes = nodes }, Json));

    /// <summary>Writes or replaces a file in one step.</summary>
    /// <exception cref="StackException">The file cannot be written.</exception>
    public static void WriteAtomically(string path, string text)
    {
        try
        {
            var full = Path.GetFullPath(path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            var temporary = $"{full}.{Environment.ProcessId}.tmp";
            File.WriteAllText(temporary, text + "\n");
            File.Move(temporary, full, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StackException($"{path} cannot be written: {exception.Message}");
        }
    }

    /// <summary>A node in the file.</summary>
    internal sealed record Entry(string Name, string Address, string Mesh, string Http, string Metrics, int Pid);
}
