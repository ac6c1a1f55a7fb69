namespace Meshara.AppHost.Plan;

/// <summary>The requested placement of the servers.</summary>
internal enum ServerChoice
{
    /// <summary>In containers if an engine is running, otherwise as programs.</summary>
    Automatic,

    /// <summary>In containers.</summary>
    Containers,

    /// <summary>As programs on this machine.</summary>
    Programs,
}
