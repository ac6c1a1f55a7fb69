using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// Writes the log line of the telemetry contract:
/// <c>{"timestamp":"2025-12-23T10:34:12.456Z","level":"INFO","target":"meshara::network","message":"…",…,
/// "span":{…},"trace_id":"…","span_id":"…","event":"…"}</c>.
/// An instance reuses its buffers and serves one thread at a time.
/// </summary>
internal sealed class JsonLine : IDisposable
{
    private const int MaxMessage = 8 * 1024;
    private const int MaxValue = 2 * 1024;
    private const int MaxStack = 16 * 1024;
    private const int MaxFields = 48;
    private const int MaxElements = 32;
    private const int MaxKeptBuffer = 64 * 1024;

    private static readonly JsonEncodedText Error = JsonEncodedText.Encode("ERROR");
    private static readonly JsonEncodedText Warn = JsonEncodedText.Encode("WARN");
    private static readonly JsonEncodedText Info = JsonEncodedText.Encode("INFO");
    private static readonly JsonEncodedText Debug = JsonEncodedText.Encode("DEBUG");
    private static readonly JsonEncodedText Trace = JsonEncodedText.Encode("TRACE");

    // The encoder below escapes control characters and U+2028/9 but not these, which reorder the text around them.
    private static readonly SearchValues<char> BidirectionalControls =
        SearchValues.Create("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069");

    [ThreadStatic]
    private static JsonLine? t_idle;

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private readonly Utf8JsonWriter _json;
    private readonly List<(JsonEncodedText Name, object? Value)> _fields = new(16);
    private int _ownFields;

    private JsonLine() =>
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>The line as UTF-8 with its newline.</summary>
    /// <param name="scopes">Scopes whose values become fields too; the call's own values win.</param>
    /// <param name="nodeId">The value of <c>span.node_id</c>; null leaves it out.</param>
    public static byte[] Write(in LogEntry entry, IExternalScopeProvider? scopes, string? nodeId)
    {
        // Taken out while in use: a value's ToString may itself log.
        var line = t_idle ?? new JsonLine();
        t_idle = null;
        var utf8 = line.WriteLine(entry, scopes, nodeId);
        if (line._buffer.Capacity <= MaxKeptBuffer)
            t_idle = line;
        else
            line.Dispose();
        return utf8;
    }

    public void Dispose() => _json.Dispose();

    private byte[] WriteLine(in LogEntry entry, IExternalScopeProvider? scopes, string? nodeId)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        WriteTimestamp(entry.Timestamp);
        _json.WriteString("level"u8, Level(entry.Level));
        _json.WriteString("target"u8, entry.Target);
        WriteText("message"u8, entry.Message, MaxMessage);
        WriteFields(entry, scopes);
        WriteSpan(nodeId);
        if (entry.EventName is { Length: > 0 } name)
            WriteText("event"u8, name, MaxValue);
        if (entry.Exception is { } exception)
            WriteError(exception);
        _json.WriteEndObject();
        _json.Flush();
        _buffer.Write("\n"u8);
        return _buffer.WrittenSpan.ToArray();
    }

    private void WriteTimestamp(DateTimeOffset timestamp)
    {
        Span<char> text = stackalloc char[32];
        timestamp.UtcDateTime.TryFormat(text, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        _json.WriteString("timestamp"u8, text[..length]);
    }

    private void WriteFields(in LogEntry entry, IExternalScopeProvider? scopes)
    {
        _fields.Clear();
        if (entry.Fields is { } fields)
        {
            // State of the LoggerMessage generator in Microsoft.Extensions.Telemetry.Abstractions lists its values backwards; the
            // framework's own lists them in the template's order, and so does the line.
            var backwards = fields is LoggerMessageState;
            for (var i = 0; i < fields.Count; i++)
                AddOwn(fields[backwards ? fields.Count - 1 - i : i]);
        }
        _ownFields = _fields.Count;
        scopes?.ForEachScope(static (scope, line) => line.AddScope(scope), this);

        foreach (var (name, value) in _fields)
        {
            _json.WritePropertyName(name);
            WriteValue(value);
        }
        if (entry.Suppressed > 0)
            _json.WriteNumber("suppressed"u8, entry.Suppressed);
        _fields.Clear();
    }

    private void AddOwn(KeyValuePair<string, object?> field)
    {
        if (_fields.Count >= MaxFields || IsTemplate(field.Key))
            return;
        var name = FieldNames.Get(field.Key);
        var unique = name;
        for (var occurrence = 2; IndexOf(unique) >= 0; occurrence++)
            unique = FieldNames.Numbered(name, occurrence);
        _fields.Add((unique, field.Value));
    }

    private void AddScope(object? scope)
    {
        if (scope is not IEnumerable<KeyValuePair<string, object?>> values)
            return;
        foreach (var (key, value) in values)
        {
            if (IsTemplate(key))
                continue;
            var name = FieldNames.Get(key);
            var index = IndexOf(name);
            if (index >= _ownFields)
                _fields[index] = (name, value); // scopes come from the outside in: the inner one wins
            else if (index < 0 && _fields.Count < MaxFields)
                _fields.Add((name, value));
        }
    }

    private int IndexOf(JsonEncodedText name)
    {
        for (var i = 0; i < _fields.Count; i++)
        {
            if (_fields[i].Name.Equals(name))
                return i;
        }
        return -1;
    }

    private static bool IsTemplate(string? name) => string.IsNullOrEmpty(name) || name == "{OriginalFormat}";

    private void WriteSpan(string? nodeId)
    {
        var activity = Activity.Current;
        if (activity is null && nodeId is null)
            return;

        _json.WriteStartObject("span"u8);
        if (activity is not null)
            WriteText("name"u8, activity.DisplayName, MaxValue);
        if (nodeId is not null)
            _json.WriteString("node_id"u8, nodeId);
        _json.WriteEndObject();
        if (activity is { IdFormat: ActivityIdFormat.W3C })
        {
            _json.WriteString("trace_id"u8, activity.TraceId.ToHexString());
            _json.WriteString("span_id"u8, activity.SpanId.ToHexString());
        }
    }

    private void WriteError(Exception exception)
    {
        _json.WriteStartObject("error"u8);
        _json.WriteString("type"u8, exception.GetType().FullName);
        WriteText("message"u8, exception.Message, MaxValue);
        _json.WriteEndObject();
        // Includes the inner exceptions, whose types and messages appear nowhere else in the line.
        WriteText("stack"u8, exception.ToString(), MaxStack);
    }

    private void WriteText(ReadOnlySpan<byte> name, string text, int limit)
    {
        _json.WritePropertyName(name);
        WriteText(text, limit);
    }

    private void WriteText(string text, int limit)
    {
        if (text.Length > limit)
            text = string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[limit - 1]) ? limit - 1 : limit), "…");
        if (text.AsSpan().ContainsAny(BidirectionalControls))
            text = string.Create(text.Length, text, static (safe, source) => source.AsSpan().ReplaceAny(safe, BidirectionalControls, '\ufffd'));
        _json.WriteStringValue(text);
    }

    private void WriteValue(object? value, bool nested = false)
    {
        switch (value)
        {
            case null: _json.WriteNullValue(); break;
            case string text: WriteText(text, MaxValue); break;
            case bool flag: _json.WriteBooleanValue(flag); break;
            case int number: _json.WriteNumberValue(number); break;
            case long number: _json.WriteNumberValue(number); break;
            case uint number: _json.WriteNumberValue(number); break;
            case ulong number: _json.WriteNumberValue(number); break;
            case byte or sbyte or short or ushort: _json.WriteNumberValue(Convert.ToInt32(value, CultureInfo.InvariantCulture)); break;
            case double number when double.IsFinite(number): _json.WriteNumberValue(number); break;
            case float number when float.IsFinite(number): _json.WriteNumberValue(number); break;
            case decimal number: _json.WriteNumberValue(number); break;
            case TimeSpan duration: _json.WriteNumberValue(duration.TotalSeconds); break;
            case DateTimeOffset time: _json.WriteStringValue(time.UtcDateTime); break;
            case DateTime time: _json.WriteStringValue(time.ToUniversalTime()); break;
            case byte[] bytes: _json.WriteStringValue(string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes")); break;
            case System.Collections.IEnumerable elements when !nested: WriteArray(elements); break;
            case IFormattable formattable: WriteText(formattable.ToString(null, CultureInfo.InvariantCulture), MaxValue); break;
            default: WriteText(value.ToString() ?? "", MaxValue); break;
        }
    }

    private void WriteArray(System.Collections.IEnumerable elements)
    {
        _json.WriteStartArray();
        var count = 0;
        foreach (var element in elements)
        {
            if (count++ == MaxElements)
            {
                _json.WriteStringValue("…");
                break;
            }
            WriteValue(element, nested: true);
        }
        _json.WriteEndArray();
    }

    private static JsonEncodedText Level(LogLevel level) => level switch
    {
        LogLevel.Trace => Trace,
        LogLevel.Debug => Debug,
        LogLevel.Information => Info,
        LogLevel.Warning => Warn,
        _ => Error,
    };
}
