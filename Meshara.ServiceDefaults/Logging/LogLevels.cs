using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// The level filter in force. It starts as <c>MESHARA_LOG</c> and can be changed while the service runs; for anything it does
/// not mention, <c>Logging:LogLevel</c> applies. Levels are recomputed on each change, so log calls pay nothing extra.
/// </summary>
public sealed class LogLevels : IPostConfigureOptions<LoggerFilterOptions>, IOptionsChangeTokenSource<LoggerFilterOptions>, IDisposable
{
    // Libraries that log several lines per request at Information, and the health checks, which log an error for every probe
    // of a node that is still joining. Configuration or a filter can re-enable them.
    private static readonly (string Category, LogLevel Level)[] Quiet =
    [
        ("Microsoft.AspNetCore", LogLevel.Warning),
        ("System.Net.Http.HttpClient", LogLevel.Warning),
        ("Polly", LogLevel.Warning),
        ("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None),
    ];

    private readonly LogTargetMap _targets;
    private readonly Lock _gate = new();
    private LogFilter _filter;
    private CancellationTokenSource _changed = new();

    internal LogLevels(LogTargetMap targets, LogFilter filter) => (_targets, _filter) = (targets, filter);

    /// <summary>The filter as given, such as <c>info,meshara.routing=debug</c>; empty if there is none.</summary>
    public string Current => Volatile.Read(ref _filter).Text;

    string? IOptionsChangeTokenSource<LoggerFilterOptions>.Name => Options.DefaultName;

    /// <summary>
    /// Replaces the filter for every logger before it returns. With an empty filter, only <c>Logging:LogLevel</c> applies.
    /// </summary>
    /// <param name="filter">Comma-separated <c>LEVEL</c> or <c>NAME=LEVEL</c>; levels are trace, debug, info, warn, error, off.</param>
    /// <exception cref="FormatException">The filter is invalid; the current one stays in force.</exception>
    public void Apply(string filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var parsed = LogFilter.Parse(filter);
        CancellationTokenSource previous;
        lock (_gate)
        {
            Volatile.Write(ref _filter, parsed);
            previous = _changed;
            _changed = new CancellationTokenSource();
        }
        using (previous)
            previous.Cancel();
    }

    void IPostConfigureOptions<LoggerFilterOptions>.PostConfigure(string? name, LoggerFilterOptions options)
    {
        foreach (var (category, level) in Quiet)
        {
            if (!options.Rules.Any(rule => rule.CategoryName is { } prefix && category.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
                options.Rules.Insert(0, new LoggerFilterRule(null, category, level, null));
        }
        Volatile.Read(ref _filter).ApplyTo(options, _targets);
    }

    IChangeToken IOptionsChangeTokenSource<LoggerFilterOptions>.GetChangeToken()
    {
        lock (_gate)
            return new CancellationChangeToken(_changed.Token);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            _changed.Dispose();
    }
}
