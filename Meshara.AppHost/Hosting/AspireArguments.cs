namespace Meshara.AppHost.Hosting;

/// <summary>
/// The command line of this host and Aspire's are one: what Aspire's tools pass (<c>--operation publish --step publish
/// --output-path DIR</c>) goes to it, everything else is an option of ours.
/// </summary>
/// <param name="Own">For <see cref="StackCommandLine"/>.</param>
/// <param name="Aspire">For the application's builder.</param>
internal sealed record AspireArguments(string[] Own, string[] Aspire)
{
    private static readonly string[] Known = ["--publisher", "--operation", "--step", "--output-path", "--log-level", "--environment"];

    /// <summary>Tells them apart.</summary>
    public static AspireArguments Split(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        List<string> own = [], aspire = [];
        for (var i = 0; i < args.Length; i++)
        {
            // A key of the configuration, as Aspire's own hosts take it: --Parameters:name=value.
            if (args[i].Contains(':', StringComparison.Ordinal) && args[i].Contains('=', StringComparison.Ordinal) && args[i].StartsWith("--", StringComparison.Ordinal))
            {
                aspire.Add(args[i]);
            }
            else if (Known.Contains(args[i].Split('=')[0], StringComparer.Ordinal))
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

    /// <summary>True when files are to be written and nothing run.</summary>
    public bool Publishes => Aspire.Any(argument => argument.StartsWith("--publisher", StringComparison.Ordinal)) || Aspire.Contains("publish");

    /// <summary>True when the file to write is Aspire's manifest.</summary>
    public bool IsManifest => Aspire.Any(argument => argument.StartsWith("--publisher", StringComparison.Ordinal));
}
