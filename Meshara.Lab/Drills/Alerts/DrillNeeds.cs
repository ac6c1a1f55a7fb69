namespace Meshara.Lab.Drills.Alerts;

/// <summary>What a drill of an alert needs of the machine.</summary>
internal enum DrillNeeds
{
    /// <summary>Prometheus and Alertmanager, as all of them.</summary>
    Nothing,

    /// <summary>Linux: its proxies tell who dials by what only Linux knows, or it sends signals.</summary>
    Linux,

    /// <summary>Linux and root: it mounts a small volume.</summary>
    Root,

    /// <summary>libfaketime: it sets the clock of one node.</summary>
    FakeClock,

    /// <summary>Linux, root and control groups: it limits the memory of one node.</summary>
    ControlGroup,
}
