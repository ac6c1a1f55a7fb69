namespace Meshara.AppHost.Plan;

/// <summary>Where an export is meant to run.</summary>
internal enum ExportTarget
{
    /// <summary>Docker Compose, on one machine.</summary>
    Compose,

    /// <summary>A Kubernetes cluster, through the Helm chart.</summary>
    Kubernetes,
}
