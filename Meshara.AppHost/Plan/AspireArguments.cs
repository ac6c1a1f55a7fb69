namespace Meshara.AppHost.Plan;

/// <summary>
/// Splits the command line between Aspire and this host: the arguments that Aspire's tools pass (<c>--operation publish --step publish
/// --output-path DIR</c>) go to Aspire; the rest are this host's own options.
/// </summary>
/// <param name="Own">Arguments for <see cref="StackCommandLine"/>.</param>
/// <param name="Aspire">Arguments for the application's builder.</param>
internal sealed record AspireArguments(string[] Own, string[] Aspire)
{
    private static readonly string[] WithValue = ["--publisher", "--operation", "--step", "--output-path", "--log-level", "--environment"];
    private static readonly string[] Flags = ["--list-steps", "--include-exception-details", "--clear-cache", "--yes"];

    public static AspireArguments Split(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        List<string> own = [], aspire = [];
        for (var i = 0; i < args.Length; i++)
        {
            // A configuration key, which every Aspire host accepts: --Parameters:name=value.
            if (args[i].Contains(':', StringComparison.Ordinal) && args[i].Contains('=', StringComparison.Ordinal)
                && args[i].StartsWith("--", StringComparison.Ordinal))
            {
                aspire.Add(args[i]);
            }
            else if (Flags.Contains(args[i], StringComparer.Ordinal))
            {
                aspire.Add(args[i]);
                // Aspire's command line passes some flags with a value: --clear-cache true.
                if (i + 1 < args.Length && bool.TryParse(args[i + 1], out _))
                    aspire.Add(args[++i]);
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

    /// <summary>True if nothing runs: Aspire writes files, or executes or lists steps of its pipeline.</summary>
    public bool Publishes => IsManifest || Is("--operation", "publish");

    /// <summary>True if Aspire writes its manifest.</summary>
    public bool IsManifest => Aspire.Any(argument => argument.StartsWith("--publisher", StringComparison.Ordinal));

    /// <summary>True if Aspire's own messages are to be shown: <c>--log-level debug</c> or <c>trace</c>.</summary>
    public bool IsDebugged => Is("--log-level", "debug") || Is("--log-level", "trace");

    /// <summary>True if Aspire writes files that describe every server.</summary>
    public bool Exports => IsManifest || (Publishes && !Aspire.Contains("--list-steps") && !Is("--step", "diagnostics"));

    /// <summary>True if this step of Aspire's pipeline is to be executed.</summary>
    public bool HasStep(string name) => Is("--step", name);

    // --operation publish or --operation=publish
    private bool Is(string option, string value) => Aspire.Contains($"{option}={value}", StringComparer.OrdinalIgnoreCase)
        || Aspire.Zip(Aspire.Skip(1)).Any(pair => pair.First == option && pair.Second.Equals(value, StringComparison.OrdinalIgnoreCase));
}
