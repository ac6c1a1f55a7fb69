namespace Meshara.Lab.Simulation;

/// <summary>What <c>simulate</c> does.</summary>
internal sealed record SimulationOptions
{
    /// <summary>Nodes of the mesh.</summary>
    public int Nodes { get; init; } = 1_000;

    /// <summary>Makes the same run again.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The share of nodes that crash in a minute, while as many new ones join; 0 to 1.</summary>
    public double Churn { get; init; }

    /// <summary>The share of packets that are lost, and sent again after 200 ms; 0 to 0.5.</summary>
    public double Loss { get; init; }

    /// <summary>The share of nodes that cannot be dialled; 0 to 0.9.</summary>
    public double Hidden { get; init; }

    /// <summary>The share of hostile nodes; 0 to 0.5.</summary>
    public double Hostile { get; init; }

    /// <summary>How long the load lasts, in virtual time.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Lookups, and as many private messages, over that time.</summary>
    public int Lookups { get; init; } = 2_000;

    /// <summary>Broadcasts over that time.</summary>
    public int Broadcasts { get; init; } = 20;

    /// <summary>True to simulate the members' view as well: each node remembers all others.</summary>
    public bool HasMembership { get; init; } = true;

    /// <summary>Where the report goes; null for nowhere.</summary>
    public string? Report { get; init; }
}
