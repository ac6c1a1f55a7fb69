using System.CommandLine;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Export;

/// <summary>The command <c>export [FOLDER]</c>: <c>aspire publish --output-path FOLDER</c> without Aspire's command line.</summary>
internal static class ExportCommand
{
    private const string Name = "export";

    private static readonly Argument<string> Folder = new("FOLDER")
    {
        Description = "Folder for aspire-manifest.json and compose/, or for the Helm chart.",
        DefaultValueFactory = _ => "deploy",
    };

    /// <summary>Adds the command to the host's.</summary>
    public static void AddTo(StackCommandLine commandLine)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        const string Description = "Writes what `aspire publish` writes: Aspire's manifest and a compose file, or a Helm chart.";
        commandLine.Command.Add(new Command(Name, Description) { Folder });
    }

    /// <summary>Translates the command to the arguments of <c>aspire publish</c>; returns any other arguments unchanged.</summary>
    public static string[] Expand(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var commandLine = new StackCommandLine();
        AddTo(commandLine);
        var split = AspireArguments.Split(args);
        var parsed = commandLine.Command.Parse(split.Own);
        if (parsed.CommandResult.Command.Name != Name)
            return args;
        var folder = parsed.GetValue(Folder)!;
        return
        [
            .. split.Own.Where(argument => argument != Name && argument != folder), .. split.Aspire,
            "--operation", "publish", "--step", "publish", "--output-path", folder,
        ];
    }
}
