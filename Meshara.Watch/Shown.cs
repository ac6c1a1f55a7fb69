namespace Meshara.Watch;

/// <summary>Makes text that a node supplied safe to pass on: bounded, without control characters.</summary>
internal static class Shown
{
    /// <summary>At most <paramref name="limit"/> characters, control characters replaced, an ellipsis where text was cut.</summary>
    public static string Bounded(string? text, int limit)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        var cut = text.Length <= limit ? text : string.Concat(text.AsSpan(0, limit), "…");
        return string.Create(cut.Length, cut, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
                span[i] = char.IsControl(source[i]) ? '·' : source[i];
        });
    }
}
