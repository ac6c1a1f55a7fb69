using System.CommandLine;

namespace Meshara.Node.Cli;

/// <summary>A command whose help shows examples of its use.</summary>
internal sealed class MeshCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Complete command lines.</summary>
    public IReadOnlyList<string> Examples => examples;
}
