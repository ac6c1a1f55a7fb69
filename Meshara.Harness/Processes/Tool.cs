namespace Meshara.Harness.Processes;

/// <summary>A program of the stack that is not ours, ready to be started.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Url">Its page.</param>
/// <param name="Program">Full path of its executable.</param>
/// <param name="Folder">Its working directory.</param>
/// <param name="Arguments">What it is started with; paths are relative to its folder.</param>
internal sealed record Tool(string Name, string Url, string Program, string Folder, IReadOnlyList<string> Arguments);
