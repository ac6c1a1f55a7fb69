namespace Meshara.Node.Api;

/// <summary>Marks a connection to the metrics port, if that is a separate one: it cannot use the API.</summary>
internal sealed class MetricsListener
{
    public static readonly MetricsListener Instance = new();
}
