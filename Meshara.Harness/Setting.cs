using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Meshara.Harness;

/// <summary>The value of an option as typed, with its source for error messages.</summary>
/// <param name="Text">The value.</param>
/// <param name="Source">The option, variable or key that set it.</param>
/// <param name="Rank">Precedence of the source; the lowest wins.</param>
internal sealed record Setting(string Text, string Source, int Rank)
{
    /// <summary>Finds a setting on the command line; null if it is not given.</summary>
    public static Setting? Find(Option<string> option, ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(option);
        ArgumentNullException.ThrowIfNull(arguments);
        return arguments.GetResult(option) is { Implicit: false } ? new Setting(arguments.GetValue(option) ?? "", option.Name, 0) : null;
    }

    /// <summary>Finds a setting on the command line, in the environment or in the section <c>Stack</c> of a file, in this order.</summary>
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

    /// <summary>An option's key in a file: <c>PortBase</c> for <c>--port-base</c>.</summary>
    public static string Key(Option<string> option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return string.Concat(option.Name.TrimStart('-').Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
    }

    /// <summary>The value as a whole number.</summary>
    /// <exception cref="StackException">It is not a whole number, or out of range.</exception>
    public int Whole(int min, int max) =>
        int.TryParse(Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw Wrong($"must be a whole number from {min} to {max}");

    /// <summary>The value as a number.</summary>
    /// <exception cref="StackException">It is not a number, or out of range.</exception>
    public double Number(double min, double max) =>
        double.TryParse(Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw Wrong($"must be a number from {min} to {max}");

    /// <summary>The value as a duration.</summary>
    /// <exception cref="StackException">It is not a duration, or too long.</exception>
    public TimeSpan Duration() =>
        Harness.Duration.TryParse(Text, out var value)
            ? value
            : throw Wrong($"must be a duration such as 30s, 5m or 1h30m, up to {Harness.Duration.Max.TotalDays} days");

    /// <summary>The value as a path.</summary>
    /// <exception cref="StackException">It is empty or contains a NUL character.</exception>
    public string FilePath() =>
        string.IsNullOrWhiteSpace(Text) || Text.Contains('\0', StringComparison.Ordinal) ? throw Wrong("must name a path") : Text;

    /// <summary>Creates the exception for an invalid value.</summary>
    /// <param name="what">The requirement it violates, such as "must be auto".</param>
    public StackException Wrong(string what) => new($"{Source} {what}, but is '{Text}'.", ExitCodes.Usage);
}
