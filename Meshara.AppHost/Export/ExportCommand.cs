using System.CommandLine;

namespace Meshara.AppHost.Export;

/// <summary><c>export [FOLDER]</c>: writes the manifest and the compose file.</summary>
internal static class ExportCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "export";

    /// <summary>Creates the command.</summary>
    /// <param name="export">Given the folder; returns the exit code.</param>
    public static Command Create(Func<string, Task<int>> export)
    {
        var folder = new Argument<string>("FOLDER")
        {
            Description = "Where aspire-manifest.json and compose/ go.",
            DefaultValueFactory = _ => "deploy",
        };
        var command = new Command(Name, "Writes Aspire's manifest and a compose file that runs on another machine as it is.") { folder };
        command.SetAction((arguments, _) => export(arguments.GetValue(folder)!));
        return command;
    }
}
