using System.Globalization;

namespace Meshara.Harness.Traffic;

/// <summary>The texts of a run's messages: each names the run and a number, by which it is known again in an inbox.</summary>
/// <param name="run">What tells this run from every other.</param>
internal sealed class MessageTexts(string run)
{
    private readonly string _prefix = $"meshara run {run} message ";

    /// <summary>The text of a message.</summary>
    public string Of(long number) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{number}");

    /// <summary>The number of a message, or null when it is not one of this run.</summary>
    public long? NumberOf(string? text) =>
        text is not null && text.StartsWith(_prefix, StringComparison.Ordinal)
        && long.TryParse(text.AsSpan(_prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
