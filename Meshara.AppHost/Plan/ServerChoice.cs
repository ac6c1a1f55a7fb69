namespace Meshara.AppHost.Plan;

/// <summary>Where the servers are to run.</summary>
internal enum ServerChoice
{
    /// <summary>In containers where an engine listens, else as programs.</summary>
    Automatic,

    /// <summary>In containers.</summary>
    Containers,

    /// <summary>As programs of this machine.</summary>
    Programs,
}
