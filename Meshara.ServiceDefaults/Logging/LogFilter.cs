using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// A level filter in the syntax of Rust's <c>tracing</c>: <c>info,meshara.routing=debug,microsoft=warn</c>. A level alone is
/// the default. A name is a target (<c>meshara::routing</c>, also with dots) or a category prefix; the longest match wins.
/// </summary>
internal sealed class LogFilter
{
    private readonly LogLevel? _default;
    private readonly List<(string Name, LogLevel Level)> _directives = [];

    private LogFilter(string text, LogLevel? defaultLevel, List<(string, LogLevel)> directives) =>
        (Text, _default, _directives) = (text, defaultLevel, directives);

    /// <summary>A filter without rules.</summary>
    public static LogFilter Empty { get; } = new("", null, []);

    /// <summary>The filter as written, without blanks.</summary>
    public string Text { get; }

    /// <exception cref="FormatException">The filter is invalid; the message says where and what is expected.</exception>
    public static LogFilter Parse(string text)
    {
        LogLevel? defaultLevel = null;
        var directives = new List<(string, LogLevel)>();
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < parts.Length; i++)
        {
            var separator = parts[i].IndexOf('=', StringComparison.Ordinal);
            if (separator < 0)
            {
                defaultLevel = ParseLevel(parts[i]) ?? throw Wrong(parts[i], "is neither a level nor NAME=LEVEL");
                continue;
            }

            var name = parts[i][..separator].Trim();
            var level = parts[i][(separator + 1)..].Trim();
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or ':' or '_' or '-'))
                throw Wrong(parts[i], "has no valid name: letters, digits, '_', '-', '.' and '::' are allowed");
            directives.Add((LogTargetMap.Dotted(name), ParseLevel(level) ?? throw Wrong(parts[i], "has no known level")));
            parts[i] = $"{name}={level}";
        }
        return new LogFilter(string.Join(',', parts), defaultLevel, directives);
    }

    /// <summary>
    /// Adds this filter's rules and removes those it overrides; <paramref name="targets"/> maps target names to categories.
    /// </summary>
    public void ApplyTo(LoggerFilterOptions options, LogTargetMap targets)
    {
        for (var i = options.Rules.Count - 1; i >= 0; i--)
        {
            if (Overrides(options.Rules[i], targets))
                options.Rules.RemoveAt(i);
        }
        if (_default is { } level)
            options.MinLevel = level;

        // A target's name is not a prefix of its categories, so each entry gets its own rule. The logger factory prefers the
        // longest category prefix and, among equal ones, the last rule.
        foreach (var entry in targets.Entries)
        {
            if (MostSpecific(LogTargetMap.Dotted(entry.Target), entry.CategoryPrefix) is { } directive)
                options.Rules.Add(new LoggerFilterRule(null, entry.CategoryPrefix, directive.Level, null));
        }
        foreach (var (name, directiveLevel) in _directives)
            options.Rules.Add(new LoggerFilterRule(null, name, directiveLevel, null));
    }

    private bool Overrides(LoggerFilterRule rule, LogTargetMap targets) => rule.CategoryName is { } category
        ? MostSpecific(LogTargetMap.Dotted(targets.Resolve(category)), category) is not null
        : _default is not null && rule.Filter is null;

    private (string Name, LogLevel Level)? MostSpecific(string target, string category)
    {
        (string Name, LogLevel Level)? best = null;
        foreach (var directive in _directives)
        {
            if ((LogTargetMap.Covers(directive.Name, target) || LogTargetMap.Covers(directive.Name, category))
                && (best is null || directive.Name.Length >= best.Value.Name.Length))
                best = directive;
        }
        return best;
    }

    private static LogLevel? ParseLevel(string text) => text.ToLowerInvariant() switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "info" or "information" => LogLevel.Information,
        "warn" or "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "critical" => LogLevel.Critical,
        "off" or "none" => LogLevel.None,
        _ => null,
    };

    private static FormatException Wrong(string part, string what)
    {
        var shown = part.Length <= 80 ? part : part[..80] + "…";
        return new FormatException(
            $"Log filter: '{shown}' {what}. Write for example 'info,meshara.routing=debug'; levels are trace, debug, info, warn, error and off.");
    }
}
