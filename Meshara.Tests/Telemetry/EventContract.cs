using System.Reflection;
using Meshara.Node;
using Meshara.ServiceDefaults.Logging;
using Meshara.Tests.Alerts;
using Microsoft.Extensions.Logging;

namespace Meshara.Tests.Telemetry;

/// <summary>A log event, as documented in docs/telemetry.md or declared in the code.</summary>
/// <param name="Level"><see cref="Sampled"/> if the level depends on whether the trace is recorded.</param>
internal sealed record EventContract(string Name, string Level, string Target, string Fields)
{
    /// <summary>The level of a milestone.</summary>
    public const string Sampled = "INFO or DEBUG";

    /// <summary>The example line in docs/telemetry.md.</summary>
    public static string Example() => File.ReadLines(Path.Combine(AlertFiles.Root, "docs", "telemetry.md"))
        .SkipWhile(line => line != "## Logs").First(line => line.StartsWith('{'));

    /// <summary>True if lines of this event may have this level.</summary>
    public bool MayBe(string level) => Level.Split(" or ").Contains(level, StringComparer.Ordinal);

    public static IReadOnlyList<EventContract> Documented() =>
        [.. SpanContract.Section("| Event | Level | Target | Fields | Meaning |")
            .Select(cells => new EventContract(cells[1].Trim('`'), cells[2], cells[3].Trim('`'), Join(SpanContract.Names(cells[4]))))];

    /// <summary>
    /// All log events declared by the node and its observability code, and the three about the log output itself, which are not
    /// source-generated.
    /// </summary>
    public static IReadOnlyList<EventContract> Declared()
    {
        var targets = new LogTargetMap(NodeHost.AllLogTargets);
        return
        [
            .. from type in typeof(NodeHost).Assembly.GetTypes().Concat(typeof(LogTarget).Assembly.GetTypes())
               from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
               let statement = method.GetCustomAttribute<LoggerMessageAttribute>()
               where statement is not null
               select new EventContract(statement.EventName ?? $"{type} {method.Name} has no event name", LevelOf(method, statement), targets.Resolve(type.FullName!), FieldsOf(method)),
            new EventContract("LogFilesFailed", "WARN", "meshara::logging", "directory reason"),
            new EventContract("LogFilesReopened", "WARN", "meshara::logging", "file"),
            new EventContract("LogLinesLost", "WARN", "meshara::logging", "lost output"),
        ];
    }

    private static string FieldsOf(MethodInfo method) => Join(method.GetParameters()
        .Where(parameter => !typeof(ILogger).IsAssignableFrom(parameter.ParameterType) && parameter.ParameterType != typeof(LogLevel))
        .SelectMany<ParameterInfo, string>(parameter =>
            typeof(Exception).IsAssignableFrom(parameter.ParameterType) ? ["error", "stack"] : [FieldNames.Get(parameter.Name!).Value]));

    public static string Join(IEnumerable<string> fields) => string.Join(' ', fields.Order(StringComparer.Ordinal));

    private static string LevelOf(MethodInfo method, LoggerMessageAttribute statement) =>
        Array.Exists(method.GetParameters(), parameter => parameter.ParameterType == typeof(LogLevel)) ? Sampled : LevelOf(statement.Level);

    private static string LevelOf(LogLevel level) => level switch
    {
        LogLevel.Error or LogLevel.Critical => "ERROR",
        LogLevel.Warning => "WARN",
        LogLevel.Information => "INFO",
        LogLevel.Debug => "DEBUG",
        _ => "TRACE",
    };
}
