using System.CommandLine;
using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Pictures;

/// <summary>The command that draws dashboards, and its options.</summary>
internal sealed class PictureCommandLine
{
    private readonly Argument<string> _dashboard = new("DASHBOARD") { Description = "A file of dashboards/." };
    private readonly Option<string[]> _panels = new("--panel") { HelpName = "TITLE", Description = "A panel to draw; once for each.", Arity = ArgumentArity.OneOrMore, Required = true };
    private readonly Option<string> _prometheus = new("--prometheus") { HelpName = "URL", Description = "Where Prometheus answers, as the host prints it. [default: http://127.0.0.1:9090]" };
    private readonly Option<string> _last = new("--last") { HelpName = "DURATION", Description = "How far back graphs reach. [default: 15m]" };
    private readonly Option<string> _until = new("--until") { HelpName = "TIME", Description = "The end of the time shown, such as 2025-12-23T10:34:12Z. [default: now]" };
    private readonly Option<string> _node = new("--node") { HelpName = "NAME", Description = "The chosen node. [default: all]" };
    private readonly Option<string> _out = new("--out") { HelpName = "FILE", Description = "Where the picture (SVG) goes.", Required = true };

    public PictureCommandLine() => Command = new Command("picture",
        "Draws panels of a dashboard from what a running Prometheus answers to their queries: a look without Grafana, and the pictures of docs/operating.md.")
    {
        _dashboard, _panels, _prometheus, _last, _until, _node, _out,
    };

    public Command Command { get; }

    /// <summary>The action to run if this command was given; null if another was.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public Func<StatusConsole, CancellationToken, Task<int>>? Find(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.CommandResult.Command != Command)
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        var options = Read(arguments);
        return (console, stop) => new Picture(options, console, TimeProvider.System).RunAsync(stop);
    }

    private PictureOptions Read(ParseResult arguments)
    {
        var url = Setting.Find(_prometheus, arguments);
        var until = Setting.Find(_until, arguments);
        var dashboard = arguments.GetValue(_dashboard)!;
        if (!File.Exists(dashboard))
            throw new StackException($"There is no file {dashboard}.", ExitCodes.Usage);
        return new PictureOptions
        {
            Dashboard = dashboard,
            Panels = arguments.GetValue(_panels)!,
            Prometheus = url is null ? new Uri("http://127.0.0.1:9090")
                : Uri.TryCreate(url.Text, UriKind.Absolute, out var given) ? given : throw url.Wrong("must be a URL such as http://127.0.0.1:9090"),
            Last = Setting.Find(_last, arguments)?.Duration() ?? TimeSpan.FromMinutes(15),
            Until = until is null ? null
                : DateTimeOffset.TryParse(until.Text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : throw until.Wrong("must be a time such as 2025-12-23T10:34:12Z"),
            Node = Setting.Find(_node, arguments)?.Text,
            Out = Setting.Find(_out, arguments)!.FilePath(),
        };
    }
}
