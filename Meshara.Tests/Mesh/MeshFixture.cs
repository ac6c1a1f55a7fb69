using System.Globalization;
using Meshara.Node.Transport;

namespace Meshara.Tests.Mesh;

/// <summary>A mesh of real nodes on loopback, with temporary folders.</summary>
internal sealed class MeshFixture : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-tests-").FullName;
    private readonly List<MeshPeer> _peers = [];
    private readonly Dictionary<string, string?> _settings;

    /// <param name="settings">Settings of every node. The defaults have short intervals, so that tests need not wait long.</param>
    public MeshFixture(params (string Key, string Value)[] settings)
    {
        _settings = new Dictionary<string, string?>
        {
            ["Mesh:Listen"] = "127.0.0.1:0",
            ["Api:Port"] = "0",
            ["Metrics:Port"] = "0",
            ["MESHARA_LOG"] = "off",
            ["OTEL_TRACES_SAMPLER"] = "always_on", // tests inspect spans, so the default of one in twenty is not enough
            ["Routing:MaintenanceInterval"] = "00:00:00.200",
            ["Gossip:AnnounceInterval"] = "00:00:00.200",
            ["Delivery:RetryBase"] = "00:00:00.500",
            ["Delivery:RetryCap"] = "00:00:02",
            ["Delivery:DrainTimeout"] = "00:00:01",
        };
        foreach (var (key, value) in settings)
            _settings[key] = value;
    }

    /// <summary>The folder for a node that needs keys before it starts.</summary>
    public string DataFolder(string name) => Path.Combine(_folder, name);

    /// <summary>Starts a node that joins through the first one; the first node starts the mesh.</summary>
    public Task<MeshPeer> StartAsync(params (string Key, string Value)[] settings) =>
        StartAsync(_peers.Count == 0 ? [] : [_peers[0]], settings);

    /// <summary>Starts a node that joins through the given ones.</summary>
    public async Task<MeshPeer> StartAsync(IReadOnlyList<MeshPeer> bootstrap, params (string Key, string Value)[] settings)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"node-{_peers.Count + 1}");
        var merged = new Dictionary<string, string?>(_settings)
        {
            ["Node:Name"] = name,
            ["Node:DataDirectory"] = Path.Combine(_folder, name),
            ["Mesh:Bootstrap"] = string.Join(',', bootstrap.Select(peer => $"tcp://{peer.Bound}")),
        };
        foreach (var (key, value) in settings)
            merged[key] = value;
        return await AddAsync(merged);
    }

    /// <summary>Starts nodes that join through the first one, and waits until they are ready.</summary>
    public async Task<IReadOnlyList<MeshPeer>> StartManyAsync(int count, params (string Key, string Value)[] settings)
    {
        var started = new List<MeshPeer>();
        for (var i = 0; i < count; i++)
            started.Add(await StartAsync(settings));
        await Task.WhenAll(started.Select(peer => peer.BecomesReadyAsync()));
        return started;
    }

    /// <summary>Disposes a stopped node and starts a new one with its keys, storage and port.</summary>
    public async Task<MeshPeer> RestartAsync(MeshPeer stopped)
    {
        var settings = new Dictionary<string, string?>(stopped.Settings) { ["Mesh:Listen"] = stopped.Get<Listener>().Bound.ToString() };
        _peers.Remove(stopped);
        await stopped.DisposeAsync(); // a data directory belongs to one node at a time
        return await AddAsync(settings);
    }

    /// <summary>Waits until every node is connected to every other.</summary>
    public Task AreAllConnectedAsync() => Eventually.TrueAsync(
        () => _peers.All(peer => _peers.All(other => other == peer || peer.IsConnectedTo(other))), "everybody is connected to everybody");

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_peers.Select(peer => peer.DisposeAsync().AsTask()));
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<MeshPeer> AddAsync(Dictionary<string, string?> settings)
    {
        var peer = await MeshPeer.StartAsync(settings);
        _peers.Add(peer);
        return peer;
    }
}
