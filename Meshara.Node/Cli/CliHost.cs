using Meshara.Node.Identity;

namespace Meshara.Node.Cli;

/// <summary>
/// The command line's surroundings: the console, the environment, and two functions that the node's core provides.
/// </summary>
internal sealed record CliHost
{
    /// <summary>Runs a node until the token is cancelled, then drains it; returns the exit code.</summary>
    public required Func<NodeSettings, CancellationToken, Task<int>> RunNode { get; init; }

    /// <summary>Creates a key in a file that does not exist yet, encrypted if there is a passphrase; returns its address.</summary>
    public required Func<string, string?, NodeAddress> CreateKey { get; init; }

    /// <summary>Standard output.</summary>
    public TextWriter Out { get; init; } = Console.Out;

    /// <summary>Standard error.</summary>
    public TextWriter Error { get; init; } = Console.Error;

    /// <summary>Opens standard input.</summary>
    public Func<Stream> OpenInput { get; init; } = Console.OpenStandardInput;

    /// <summary>True if a person reads <see cref="Out"/>: with colours, and tables as wide as the window.</summary>
    public bool IsTerminal { get; init; } = !Console.IsOutputRedirected;

    /// <summary>Columns of the terminal; null to ask it.</summary>
    public int? Width { get; init; }

    /// <summary>Rows of the terminal; null to ask it.</summary>
    public int? Height { get; init; }

    /// <summary>Waits for a key, without showing it; null if nobody can press one.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; } = Console.IsInputRedirected ? null : static () => Console.ReadKey(intercept: true);

    /// <summary>Reads an environment variable; null if it is not set.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The clock for everything that waits.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
