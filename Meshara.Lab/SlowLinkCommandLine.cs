using System.CommandLine;
using Meshara.Harness;
using Meshara.Lab.Drills.SlowLink;

namespace Meshara.Lab;

/// <summary>The command <c>drill slow-link</c> and its options.</summary>
internal sealed class SlowLinkCommandLine
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);

    private readonly Option<string> _rate = Text("--kbps", "N", "Thousands of bytes that the link carries in a second, in each direction, 50 to 100000. [default: 500]");
    private readonly Option<string> _delay = Text("--delay", "DURATION", "One-way delay of the link, up to 2s. [default: 100ms]");
    private readonly Option<string> _messages = Text("--messages", "N", "Messages of 250 KiB in each direction, 1 to 200. [default: 60]");
    private readonly Option<string> _report = Text("--report", "FILE", "Write what happened here (JSON).");
    private readonly Option<bool> _stopWithInput = new("--stop-with-input") { Description = "Stop when standard input closes, for a program that starts this one." };

    /// <summary>The command.</summary>
    public Command Command { get; }

    public SlowLinkCommandLine() => Command = new Command("slow-link",
        """
        Two nodes send each other large messages over a slow link, both at the same time. Everything has to arrive once, in at most 1.2
        times what the link needs for the content, with at most 2 % sent again, and without a connection given up.

        Exit codes: 0 passed; 1 otherwise; 2 wrong usage; 3 no free ports; 130 stopped.
        """)
    {
        _rate, _delay, _messages, _report, _stopWithInput,
    };

    /// <summary>The validated options; null if another command was given.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public SlowLinkOptions? Find(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.CommandResult.Command != Command)
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        var defaults = new SlowLinkOptions();
        var delay = Setting.Find(_delay, arguments);
        var options = new SlowLinkOptions
        {
            KilobytesPerSecond = Setting.Find(_rate, arguments)?.Whole(50, 100_000) ?? defaults.KilobytesPerSecond,
            Delay = delay?.Duration() ?? defaults.Delay,
            Messages = Setting.Find(_messages, arguments)?.Whole(1, 200) ?? defaults.Messages,
            Report = Setting.Find(_report, arguments)?.FilePath(),
            StopWithInput = arguments.GetValue(_stopWithInput),
        };
        return options.Delay <= MaxDelay ? options : throw delay!.Wrong($"must be at most {MaxDelay.TotalSeconds:0}s");
    }

    private static Option<string> Text(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description };
}
