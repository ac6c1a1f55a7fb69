using System.Globalization;
using System.Text.RegularExpressions;

namespace Meshara.Harness.Nodes;

/// <summary>One scrape of a node's <c>/metrics</c>.</summary>
/// <param name="Samples">Every sample, in the order of the scrape.</param>
internal sealed partial record NodeMetrics(IReadOnlyList<MetricSample> Samples)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Reads Prometheus' text format.</summary>
    public static NodeMetrics Parse(string text) => new(
    [
        .. Line().Matches(text).Select(line => new MetricSample(
            line.Groups["name"].Value,
            Label().Matches(line.Groups["labels"].Value).ToDictionary(label => label.Groups["name"].Value, label => label.Groups["value"].Value, StringComparer.Ordinal),
            double.Parse(line.Groups["value"].ValueSpan, CultureInfo.InvariantCulture))),
    ]);

    /// <summary>Scrapes a node; null if it did not answer.</summary>
    /// <param name="port">The port of its metrics on this machine.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <param name="connect">See <see cref="NodeLaunch.Connect"/>.</param>
    public static async Task<NodeMetrics?> TryReadAsync(int port, CancellationToken cancellationToken, NodeConnector? connect = null)
    {
        using var client = new HttpClient(NodeApi.CreateHandler(connect)) { Timeout = CallTimeout };
        try
        {
            return Parse(await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"), cancellationToken));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException
            || exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The sum of all samples of a name that have every given label.</summary>
    /// <param name="name">With the suffix, such as <c>meshara_messages_dropped_total</c>.</param>
    /// <param name="labels">Such as <c>("reason", "duplicate")</c>.</param>
    public double Sum(string name, params (string Label, string Value)[] labels) => Samples
        .Where(sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Label) == label.Value))
        .Sum(sample => sample.Value);

    // A name, labels whose quoted values may contain any character, and a value. An optional timestamp and exemplar are ignored.
    [GeneratedRegex("""^(?<name>[a-zA-Z_:][\w:]*)(?:\{(?<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? (?<value>\S+)""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Line();

    [GeneratedRegex("""(?<name>\w+)="(?<value>(?:[^"\\]|\\.)*)" """, RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Label();
}

/// <summary>One line of a scrape.</summary>
/// <param name="Name">With the suffix.</param>
/// <param name="Labels">Values by label name, with escapes as in the text.</param>
/// <param name="Value">Its value.</param>
internal sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);
