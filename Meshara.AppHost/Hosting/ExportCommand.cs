using System.CommandLine;

namespace Meshara.AppHost.Hosting;

/// <summary><c>export [FOLDER]</c>: writes the manifest and the compose file.</summary>
internal static class ExportCommand
{
    /// <summary>Creates the command.</summary>
    /// <param name="export">Given the arguments and the folder; returns the exit code.</param>
    public static Command Create(Func<ParseResult, string, CancellationToken, Task<int>> export)
    {
        var folder = new Argument<string>("FOLDER")
        {
            Description = "Where aspire-manifest.json and compose/ go.",
            DefaultValueFactory = _ => "deploy",
        };
        var command = new Command("export", "Writes Aspire's manifest and a compose file that runs on another machine as it is.") { folder };
        command.SetAction((arguments, cancellationToken) => export(arguments, arguments.GetValue(folder)!, cancellationToken));
        return command;
    }
}
