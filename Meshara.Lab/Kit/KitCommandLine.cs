using System.CommandLine;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Kit;

/// <summary>The command that generates the rules, and its options.</summary>
internal sealed class KitCommandLine
{
    private readonly Option<string> _settings = new("--settings") { HelpName = "FILE", Description = "Settings that differ from alerts/kit/settings.yml (YAML). Needs --out." };
    private readonly Option<string> _out = new("--out") { HelpName = "DIR", Description = "Where rules/ and dashboards/ go. [default: the repository's alerts/rules, and no dashboards]" };

    public KitCommandLine() => Command = new Command("kit",
        "Makes the alerting rules of alerts/kit/: those of this repository, or a kit with your own labels, thresholds and addresses for a Prometheus that you have.")
    {
        _settings, _out,
    };

    public Command Command { get; }

    /// <summary>The action to run if this command was given; null if another was.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public Func<StatusConsole, int>? Find(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.CommandResult.Command != Command)
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        var (settings, folder) = (Setting.Find(_settings, arguments)?.FilePath(), Setting.Find(_out, arguments)?.FilePath());
        if (settings is not null && folder is null)
            throw new StackException("--settings needs --out: the repository's own rules have the repository's settings.", ExitCodes.Usage);
        return console =>
        {
            if (folder is null)
                AlertingKit.Update();
            else
                AlertingKit.Write(settings, folder);
            console.WriteLine($"Made {folder ?? Path.Combine(Locations.Alerts(), "rules")}.");
            return ExitCodes.Success;
        };
    }
}
