using System.Globalization;

namespace Meshara.Harness.Traffic;

/// <summary>Builds and parses message texts. Each contains the run and a number, which identify the message in an inbox.</summary>
/// <param name="run">Unique id of the run.</param>
internal sealed class MessageTexts(string run)
{
    private readonly string _prefix = $"meshara run {run} message ";

    /// <summary>The text of a message.</summary>
    public string Of(long number) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}{number}");

    /// <summary>The number of a message; null if it does not belong to this run.</summary>
    public long? NumberOf(string? text) =>
        text is not null && text.StartsWith(_prefix, StringComparison.Ordinal)
        && long.TryParse(text.AsSpan(_prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;
}
