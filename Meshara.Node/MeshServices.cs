using System.Diagnostics.CodeAnalysis;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Meshara.ServiceDefaults;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.ServiceDiscovery;

namespace Meshara.Node;

/// <summary>Registers the node's components, starting with those that others depend on.</summary>
internal static class MeshServices
{
    public static IServiceCollection AddMesh(this IServiceCollection services, NodeIdentity identity, TimeProvider time)
    {
        var clock = NodeClock.Of(time);
        services.AddSingleton(clock);
        services.AddSingleton<TimeProvider>(clock);
        services.AddSingleton<ClockGuard>();
        services.AddSingleton(identity);
        services.AddSingleton<MeshTelemetry>();

        services.AddSingleton(provider => new LocalRecord(identity, provider.GetRequiredService<IOptions<NodeOptions>>().Value.Name, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<VerifiedBatches>();
        services.AddSingleton<Swarm>();
        services.AddSingleton<Listener>();
        AddRouting(services, identity);
        AddStorage(services);
        services.AddSingleton<Broadcaster>();
        services.AddSingleton<Membership>();
        AddDelivery(services);
        services.AddSingleton<MeshNode>();
        services.AddSingleton<INodeView>(provider => provider.GetRequiredService<MeshNode>());
        services.AddSingleton<INodeVitals>(provider => provider.GetRequiredService<MeshNode>());
        services.AddHostedService(provider => provider.GetRequiredService<MeshNode>());
        return services;
    }

    private static void AddRouting(IServiceCollection services, NodeIdentity identity)
    {
        services.AddSingleton(provider => new RoutingTable(identity.Id, Options<RoutingOptions>(provider).BucketSize, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new PeerBook(identity.Id, Options<RoutingOptions>(provider).MaxRecords, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new RouteCache(Options<RoutingOptions>(provider).RouteLifetime, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Dht>();
        services.AddSingleton<RouteFinder>();
        services.AddSingleton<Router>();
        services.AddSingleton<Forwarder>();
        services.AddSingleton(provider => new BootstrapResolver(provider.GetRequiredService<ServiceEndpointResolver>()));
        services.AddSingleton<Topology>();
    }

    private static void AddStorage(IServiceCollection services)
    {
        services.AddSingleton<SqliteMessageStore>();
        services.AddSingleton<MemoryMessageStore>();
        services.AddSingleton<IMessageStore>(provider => Options<StorageOptions>(provider).Durability == StorageDurability.Memory
            ? provider.GetRequiredService<MemoryMessageStore>()
            : provider.GetRequiredService<SqliteMessageStore>());
        services.AddHostedService<EvictionLog>();
        services.AddSingleton<IInbox>(provider => provider.GetRequiredService<IMessageStore>());
        services.AddSingleton(provider => (IRelayStore)provider.GetRequiredService<IMessageStore>());
        services.AddSingleton(provider => (IPeerCache)provider.GetRequiredService<IMessageStore>());
    }

    private static void AddDelivery(IServiceCollection services)
    {
        services.AddSingleton<Sealer>();
        services.AddSingleton<Opener>();
        services.AddSingleton<Acknowledger>();
        services.AddSingleton<Depot>();
        services.AddSingleton<MessageLog>();
        services.AddSingleton<Outbox>();
        services.AddSingleton<IMessenger>(provider => provider.GetRequiredService<Outbox>());
        services.AddSingleton<Receiver>();
        services.AddSingleton<FrameDispatcher>();
    }

    private static T Options<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>(IServiceProvider provider) where T : class =>
        provider.GetRequiredService<IOptions<T>>().Value;
}
