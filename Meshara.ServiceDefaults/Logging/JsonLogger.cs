using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>Turns the log calls of one category into lines.</summary>
internal sealed class JsonLogger(JsonLoggerProvider provider, string category, string target) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => provider.Scopes?.Push(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (!IsEnabled(logLevel))
            return;
        var fields = state as IReadOnlyList<KeyValuePair<string, object?>>;
        if (logLevel >= LogLevel.Warning && !provider.Repeats.Allow(EventOf(eventId, fields), logLevel))
            return;
        provider.Write(new LogEntry(default, logLevel, target, formatter(state, exception), eventId.Name, exception, fields));
    }

    private RepeatedEvent EventOf(EventId eventId, IReadOnlyList<KeyValuePair<string, object?>>? fields)
    {
        if (eventId.Name is not null || eventId.Id != 0)
            return new RepeatedEvent(category, eventId.Id, eventId.Name);
        var template = fields?.FirstOrDefault(field => field.Key == "{OriginalFormat}").Value as string;
        return new RepeatedEvent(category, Template: template);
    }
}
