using System.CommandLine;

namespace Meshara.Node.Cli;

/// <summary>A command that shows in its help how it is used.</summary>
internal sealed class MeshCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Whole command lines.</summary>
    public IReadOnlyList<string> Examples => examples;
}
