namespace Meshara.ServiceDefaults;

/// <summary>The numbers of the health body that only the service itself knows. Register one implementation as a singleton.</summary>
public interface INodeVitals
{
    /// <summary>Live authenticated peer connections.</summary>
    int ConnectedPeers { get; }

    /// <summary>Accepted messages not yet acknowledged.</summary>
    int PendingMessages { get; }
}
