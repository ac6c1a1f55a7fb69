using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;

namespace Meshara.Lab.Simulation;

/// <summary>
/// The settings of every simulated node: the defaults, except where ten thousand nodes have to fit into one machine's memory
/// and processor time.
/// </summary>
internal sealed class SimulatedSettings
{
    public IOptions<TransportOptions> Transport { get; } = Options.Create(new TransportOptions
    {
        HeartbeatInterval = TimeSpan.FromSeconds(15),
        HighWater = 64,
        LowWater = 48,
        MaxConnections = 96,
    });

    public IOptions<RoutingOptions> Routing { get; } = Options.Create(new RoutingOptions { MaxRecords = 1_000 });

    public IOptions<GossipOptions> Gossip { get; } = Options.Create(new GossipOptions());

    public IOptions<DeliveryOptions> Delivery { get; } = Options.Create(new DeliveryOptions());

    public IOptions<SealingOptions> Sealing { get; } = Options.Create(new SealingOptions());

    public IOptions<StorageOptions> Storage { get; } = Options.Create(new StorageOptions { Durability = StorageDurability.Memory });
}
