namespace Meshara.Node.Api;

/// <summary>The mark of a connection that came in on the metrics port, when that is not the API's: it gets no API.</summary>
internal sealed class MetricsListener
{
    public static readonly MetricsListener Instance = new();
}
