namespace Meshara.AppHost.Plan;

/// <summary>
/// The command line of this host and Aspire's are one: what Aspire's tools pass (<c>--operation publish --step publish
/// --output-path DIR</c>) goes to it, everything else is an option of ours.
/// </summary>
/// <param name="Own">For <see cref="StackCommandLine"/>.</param>
/// <param name="Aspire">For the application's builder.</param>
internal sealed record AspireArguments(string[] Own, string[] Aspire)
{
    private static readonly string[] WithValue = ["--publisher", "--operation", "--step", "--output-path", "--log-level", "--environment"];
    private static readonly string[] Flags = ["--list-steps", "--include-exception-details", "--clear-cache", "--yes"];

    /// <summary>Tells them apart.</summary>
    public static AspireArguments Split(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        List<string> own = [], aspire = [];
        for (var i = 0; i < args.Length; i++)
        {
            // A key of the configuration, as Aspire's own hosts take it: --Parameters:name=value.
            if (args[i].Contains(':', StringComparison.Ordinal) && args[i].Contains('=', StringComparison.Ordinal)
                && args[i].StartsWith("--", StringComparison.Ordinal))
            {
                aspire.Add(args[i]);
            }
            else if (Flags.Contains(args[i], StringComparer.Ordinal))
            {
                aspire.Add(args[i]);
            }
            else if (WithValue.Contains(args[i].Split('=')[0], StringComparer.Ordinal))
            {
                aspire.Add(args[i]);
                if (!args[i].Contains('=', StringComparison.Ordinal) && i + 1 < args.Length)
                    aspire.Add(args[++i]);
            }
            else
            {
                own.Add(args[i]);
            }
        }

        return new AspireArguments([.. own], [.. aspire]);
    }

    /// <summary>True when nothing is run: files are written, or a step of Aspire's pipeline is carried out or listed.</summary>
    public bool Publishes => IsManifest || Aspire.Contains("publish");

    /// <summary>True when the file to write is Aspire's manifest.</summary>
    public bool IsManifest => Aspire.Any(argument => argument.StartsWith("--publisher", StringComparison.Ordinal));

    /// <summary>True when Aspire's own messages are wanted: <c>--log-level debug</c> or <c>trace</c>.</summary>
    public bool IsDebugged => string.Join(' ', Aspire).Replace('=', ' ') is var line
        && (line.Contains("--log-level debug", StringComparison.OrdinalIgnoreCase)
            || line.Contains("--log-level trace", StringComparison.OrdinalIgnoreCase));

    /// <summary>True when files are written that describe every server.</summary>
    public bool Exports => IsManifest || (Publishes && !Aspire.Contains("--list-steps") && !Aspire.Contains("diagnostics"));
}
