using System.Diagnostics;
using System.Globalization;

namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>A finished span as it is kept: with bounded texts and no references to the application's objects.</summary>
public sealed record RecordedSpan
{
    private const int MaxText = 512, MaxTags = 32, MaxEvents = 8, MaxLinks = 8;
    private const int Overhead = 256;

    public required string Name { get; init; }

    public required string SpanId { get; init; }

    /// <summary>Null for the root of a trace.</summary>
    public required string? ParentSpanId { get; init; }

    public required ActivityKind Kind { get; init; }

    public required DateTime StartedAt { get; init; }

    public required TimeSpan Duration { get; init; }

    public required ActivityStatusCode Status { get; init; }

    /// <summary>Description of the error; null if there is none.</summary>
    public required string? StatusDescription { get; init; }

    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    public required IReadOnlyList<(string Name, DateTime At)> Events { get; init; }

    public required IReadOnlyList<(string TraceId, string SpanId)> Links { get; init; }

    /// <summary>Estimated size in bytes.</summary>
    internal long Bytes => Overhead + 2L * (Name.Length + (StatusDescription?.Length ?? 0)
        + Attributes.Sum(attribute => attribute.Key.Length + attribute.Value.Length + 32)
        + Events.Sum(one => one.Name.Length + 32) + Links.Count * 80);

    internal static RecordedSpan Of(Activity activity) => new()
    {
        Name = Bounded(activity.DisplayName),
        SpanId = activity.SpanId.ToHexString(),
        ParentSpanId = activity.ParentSpanId == default ? null : activity.ParentSpanId.ToHexString(),
        Kind = activity.Kind,
        StartedAt = activity.StartTimeUtc,
        Duration = activity.Duration,
        Status = activity.Status,
        StatusDescription = activity.StatusDescription is { } description ? Bounded(description) : null,
        Attributes = Texts(activity),
        Events = [.. activity.Events.Take(MaxEvents).Select(one => (Bounded(one.Name), one.Timestamp.UtcDateTime))],
        Links = [.. activity.Links.Take(MaxLinks).Select(link => (link.Context.TraceId.ToHexString(), link.Context.SpanId.ToHexString()))],
    };

    private static Dictionary<string, string> Texts(Activity activity)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tag in activity.EnumerateTagObjects())
        {
            if (texts.Count == MaxTags)
                break;
            texts[Bounded(tag.Key)] = Bounded(Convert.ToString(tag.Value, CultureInfo.InvariantCulture) ?? "");
        }
        return texts;
    }

    private static string Bounded(string text) => text.Length <= MaxText ? text : string.Concat(text.AsSpan(0, MaxText), "…");
}
