using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Meshara.Harness;

/// <summary>The value of an option as it was typed, and where it came from, for messages that name it.</summary>
/// <param name="Text">The value.</param>
/// <param name="Source">The option, variable or key it was given as.</param>
/// <param name="Rank">The lowest wins.</param>
internal sealed record Setting(string Text, string Source, int Rank)
{
    /// <summary>From the command line; null when it is not there.</summary>
    public static Setting? Find(Option<string> option, ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(option);
        ArgumentNullException.ThrowIfNull(arguments);
        return arguments.GetResult(option) is { Implicit: false } ? new Setting(arguments.GetValue(option) ?? "", option.Name, 0) : null;
    }

    /// <summary>From the command line, an environment variable or the section <c>Stack</c> of a file, in this order.</summary>
    public static Setting? Find(Option<string> option, ParseResult arguments, IConfiguration configuration, string environmentPrefix)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (Find(option, arguments) is { } given)
            return given;
        var words = option.Name.TrimStart('-').Split('-');
        var variable = string.Join('_', words).ToUpperInvariant();
        if (configuration[variable] is { Length: > 0 } fromEnvironment)
            return new Setting(fromEnvironment, environmentPrefix + variable, 1);
        var key = "Stack:" + Key(option);
        return configuration[key] is { Length: > 0 } fromFile ? new Setting(fromFile, key, 2) : null;
    }

    /// <summary>What an option is called in a file: <c>PortBase</c> for <c>--port-base</c>.</summary>
    public static string Key(Option<string> option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return string.Concat(option.Name.TrimStart('-').Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }

    /// <summary>As a whole number.</summary>
    /// <exception cref="StackException">It is none, or out of bounds; so with the others.</exception>
    public int Whole(int min, int max) =>
        int.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw Wrong($"must be a whole number from {min} to {max}");

    /// <summary>As a number.</summary>
    public double Number(double min, double max) =>
        double.TryParse(Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw Wrong($"must be a number from {min} to {max}");

    /// <summary>As a duration.</summary>
    public TimeSpan Duration() =>
        Harness.Duration.TryParse(Text, out var value)
            ? value
            : throw Wrong($"must be a duration such as 30s, 5m or 1h30m, up to {Harness.Duration.Max.TotalDays} days");

    /// <summary>As a path.</summary>
    public string FilePath() =>
        string.IsNullOrWhiteSpace(Text) || Text.Contains('\0', StringComparison.Ordinal) ? throw Wrong("must name a path") : Text;

    /// <summary>Says what is wrong with the value.</summary>
    public StackException Wrong(string what) => new($"{Source} {what}, but is '{Text}'.", ExitCodes.Usage);
}
