using System.Globalization;
using System.Text.RegularExpressions;

namespace Meshara.Harness.Nodes;

/// <summary>What a node's <c>/metrics</c> said at one moment, in Prometheus' text format.</summary>
internal sealed partial class NodeMetrics
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    private readonly List<(string Series, double Value)> _samples = [];

    private NodeMetrics(string text)
    {
        foreach (Match sample in Sample().Matches(text))
            _samples.Add((sample.Groups["series"].Value, double.Parse(sample.Groups["value"].ValueSpan, CultureInfo.InvariantCulture)));
    }

    /// <summary>Scrapes a node; null if it did not answer.</summary>
    /// <param name="port">The port of its metrics on this machine.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public static async Task<NodeMetrics?> TryReadAsync(int port, CancellationToken cancellationToken)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = CallTimeout };
        try
        {
            return new NodeMetrics(await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), cancellationToken));
        }
        catch (Exception exception) when (exception is HttpRequestException || exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The sum of all series of a name that have every given label.</summary>
    /// <param name="name">With the suffix, such as <c>meshara_messages_dropped_total</c>.</param>
    /// <param name="labels">Such as <c>("reason", "duplicate")</c>.</param>
    public double Sum(string name, params (string Label, string Value)[] labels) => _samples
        .Where(sample => sample.Series == name || sample.Series.StartsWith(name + "{", StringComparison.Ordinal))
        .Where(sample => labels.All(label => sample.Series.Contains($"{label.Label}=\"{label.Value}\"", StringComparison.Ordinal)))
        .Sum(sample => sample.Value);

    /// <summary>The value of a label on the one series of a name; null if there is none.</summary>
    public string? Label(string name, string label)
    {
        var series = _samples.Select(sample => sample.Series).FirstOrDefault(series => series.StartsWith(name + "{", StringComparison.Ordinal));
        return series is not null && Regex.Match(series, $"\\b{label}=\"([^\"]*)\"") is { Success: true } match ? match.Groups[1].Value : null;
    }

    // A name, labels whose quoted values may hold anything, a value, and perhaps an exemplar, which is left out.
    [GeneratedRegex("""^(?<series>[a-zA-Z_:][\w:]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?) (?<value>\S+)""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Sample();
}
