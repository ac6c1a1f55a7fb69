using System.CommandLine;

namespace Meshara.AppHost.Export;

/// <summary>The command <c>export [FOLDER]</c>, which writes the manifest and the compose file.</summary>
internal static class ExportCommand
{
    /// <summary>Name of the command.</summary>
    public const string Name = "export";

    /// <summary>Creates the command.</summary>
    /// <param name="export">Exports to the given folder and returns the exit code.</param>
    public static Command Create(Func<string, Task<int>> export)
    {
        var folder = new Argument<string>("FOLDER")
        {
            Description = "Folder for aspire-manifest.json and compose/.",
            DefaultValueFactory = _ => "deploy",
        };
        var command = new Command(Name, "Writes Aspire's manifest and a compose file that runs unchanged on another machine.") { folder };
        command.SetAction((arguments, _) => export(arguments.GetValue(folder)!));
        return command;
    }
}
