namespace Meshara.Lab.Drills.Alerts;

/// <summary>What an alert drill requires of the machine.</summary>
internal enum DrillNeeds
{
    /// <summary>Only Prometheus and Alertmanager, which every drill requires.</summary>
    Nothing,

    /// <summary>Linux: it sends signals, or its proxies identify diallers in a way that only Linux offers.</summary>
    Linux,

    /// <summary>Linux and root: it mounts a small volume.</summary>
    Root,

    /// <summary>libfaketime: it sets the clock of one node.</summary>
    FakeClock,

    /// <summary>Linux, root and control groups: it limits the memory of one node.</summary>
    ControlGroup,
}
