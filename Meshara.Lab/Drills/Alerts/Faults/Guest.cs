using Meshara.Lab.Load;
using Meshara.Node;
using Meshara.Node.Identity;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>
/// A recipient that is absent at first: a node outside the stack that Prometheus does not scrape. Once it joins, the messages that waited
/// for it are delivered.
/// </summary>
internal sealed class Guest : IAsyncDisposable
{
    private readonly string _folder;
    private PairNode? _node;

    private Guest(string folder, string address)
    {
        _folder = folder;
        Address = address;
    }

    /// <summary>Its address, to which messages can be sent before it joins.</summary>
    public string Address { get; }

    /// <summary>Creates an absent guest with a new identity.</summary>
    public static Guest Create(AlertBench bench)
    {
        ArgumentNullException.ThrowIfNull(bench);
        var folder = Path.Combine(bench.Files.Data, $"guest-{Guid.NewGuid():N}");
        using var identity = KeyFile.LoadOrCreate(Path.Combine(folder, NodeHost.KeyFileName), passphrase: null);
        return bench.Own(new Guest(folder, identity.Address.ToString()));
    }

    /// <summary>A new address that belongs to no node.</summary>
    public static string Nobody()
    {
        using var identity = NodeIdentity.Generate();
        return identity.Address.ToString();
    }

    /// <summary>Joins the mesh.</summary>
    public async Task ArriveAsync(AlertBench bench, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(bench);
        _node = await PairNode.StartAsync("guest", _folder, new Dictionary<string, string?> { ["Mesh:Bootstrap"] = $"tcp://127.0.0.1:{bench.Node(1).MeshPort}" }, bootstrap: null, stop);
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
            await _node.DisposeAsync();
    }
}
