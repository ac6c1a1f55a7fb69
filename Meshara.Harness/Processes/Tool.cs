namespace Meshara.Harness.Processes;

/// <summary>A third-party program of the stack, ready to be started.</summary>
/// <param name="Name">Its name in messages.</param>
/// <param name="Url">Its web page.</param>
/// <param name="Program">Full path of its executable.</param>
/// <param name="Folder">Its working directory.</param>
/// <param name="Arguments">Its arguments; paths are relative to its folder.</param>
internal sealed record Tool(string Name, string Url, string Program, string Folder, IReadOnlyList<string> Arguments);
