using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Node.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ServiceDiscovery;

namespace Meshara.Lab.Simulation;

/// <summary>The nodes of a simulation, and what makes it repeatable: one thread, one clock, one seed.</summary>
internal sealed class SimulatedMesh : IAsyncDisposable
{
    private const int Seeds = 20;
    private const int SeedsKnown = 3;

    private readonly ServiceProvider _services = new ServiceCollection()
        .AddMetrics().AddLogging().AddSingleton<IConfiguration>(new ConfigurationBuilder().Build()).AddServiceDiscovery().BuildServiceProvider();
    private readonly SimulationOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly SimulatedNode.Environment _environment;
    private readonly List<SimulatedNode> _nodes = [];

    public SimulatedMesh(SimulationOptions options)
    {
        _options = options;
        Random = new Random(options.Seed);
        Chance.Random = new Random(options.Seed + 1);
        PeerRecord.Verified = [];
        _telemetry = new MeshTelemetry(_services.GetRequiredService<IMeterFactory>());
        var settings = new SimulatedSettings();
        _environment = new SimulatedNode.Environment(
            new NetworkModel(Time, new Random(options.Seed + 2), options.Loss), settings, _telemetry,
            new BootstrapResolver(_services.GetRequiredService<ServiceEndpointResolver>()), new Hostility(settings.Routing.Value.BucketSize), options.HasMembership);
        Driver = new NodeContext(Time);
    }

    public VirtualTime Time { get; } = new();

    public Random Random { get; }

    /// <summary>Connections made so far.</summary>
    public long Connections => _environment.Network.Connections;

    /// <summary>Where the simulation's own actions run.</summary>
    public NodeContext Driver { get; }

    /// <summary>All nodes, those that crashed included.</summary>
    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>When each node was started.</summary>
    public Dictionary<SimulatedNode, TimeSpan> Started { get; } = [];

    /// <summary>The nodes that live and do not lie.</summary>
    public IEnumerable<SimulatedNode> Honest => _nodes.Where(node => node.IsAlive && !node.Traits.IsHostile);

    /// <summary>Starts another node.</summary>
    public SimulatedNode Add()
    {
        var secret = new byte[NodeIdentity.SecretSize];
        Random.NextBytes(secret);
        // The seeds can be dialled and are honest: whoever runs a mesh runs these.
        var isSeed = _nodes.Count < Math.Min(Seeds, Math.Max(1, _options.Nodes / 4));
        var traits = isSeed ? default : new NodeTraits(Random.NextDouble() < _options.Hidden, Random.NextDouble() < _options.Hostile);
        var known = _nodes.Take(Seeds).Where(node => !node.Traits.IsHidden).OrderBy(_ => Random.Next()).Take(SeedsKnown)
            .Select(node => $"tcp://{node.Endpoint.ToString()}").ToList();
        var node = new SimulatedNode(NodeIdentity.Import(secret), _nodes.Count + 1, known, traits, _environment);
        _nodes.Add(node);
        if (traits.IsHostile)
            _environment.Hostility.Add(node);
        Started[node] = Time.Now;
        node.Start();
        return node;
    }

    /// <summary>A random honest node that lives and has joined.</summary>
    public SimulatedNode Pick()
    {
        while (true)
        {
            var node = _nodes[Random.Next(_nodes.Count)];
            if (node is { IsAlive: true, Traits.IsHostile: false, HasJoined: true })
                return node;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
            node.Dispose();
        Chance.Random = Random.Shared;
        PeerRecord.Verified = null;
        _telemetry.Dispose();
        await _services.DisposeAsync();
    }
}
