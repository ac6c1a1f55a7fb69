using System.Globalization;
using System.Runtime.Versioning;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Drills.Wan;

/// <summary>
/// A network of several hosts: each node is in its own network namespace, with an <see cref="AccessLink"/> to one of two bridges that a
/// single link connects. The last node is behind a router that translates source addresses (NAT), so it can dial but cannot be dialled.
/// The network uses no device or rule of this machine's own network, and has no route out.
/// </summary>
/// <remarks>The addresses are from the benchmarking range (RFC 2544, 198.18.0.0/15) and a private range.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class WanNetwork : IAsyncDisposable
{
    private const string Hub = "hub";
    private const string West = "west";
    private const string East = "east";
    private const string Trunk = "trunk";
    private const string Router = "router";
    private const string RouterAddress = "198.18.0.254";
    private const string InsideOfRouter = "192.168.77.1";
    private const string BehindRouter = "192.168.77.2";

    private static readonly string[] Tools = ["ip", "tc", "unshare", "nsenter"];

    private readonly Namespaces _namespaces;
    private readonly int _nodes;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Wire> _wires = [];
    private NetworkNamespace? _hub;

    private WanNetwork(Namespaces namespaces, int nodes, TimeProvider time) => (_namespaces, _nodes, _time) = (namespaces, nodes, time);

    /// <summary>True if the kernel delays packets; false if the lab does, because this kernel has no netem.</summary>
    public bool HasNetem { get; private set; }

    /// <summary>The node that can dial but cannot be dialled.</summary>
    public int BehindNat => _nodes;

    /// <summary>Why the network cannot be created here; null if no obstacle is known in advance.</summary>
    public static string? Obstacle()
    {
        if (!Environment.IsPrivilegedProcess)
            return "wan needs root: it makes network namespaces.";
        List<string> missing = [.. Tools.Where(tool => Find(tool) is null)];
        if (FilterTool() is null)
            missing.Add("nft or iptables");
        return missing.Count > 0 ? $"wan needs {string.Join(", ", missing)} (apt-get install iproute2 nftables)." : null;
    }

    /// <summary>Creates the network.</summary>
    /// <param name="nodes">Number of nodes.</param>
    /// <param name="log">Path of the holder's log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stop">Cancels all operations.</param>
    /// <exception cref="StackException">This machine does not permit it.</exception>
    public static async Task<WanNetwork> CreateAsync(int nodes, string log, TimeProvider time, CancellationToken stop)
    {
        var network = new WanNetwork(await Namespaces.CreateAsync(log, stop), nodes, time);
        try
        {
            await network.BuildAsync();
            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    /// <summary>The nodes on the same side of the cut as a node.</summary>
    public IReadOnlyList<int> HalfOf(int node) => [.. Enumerable.Range(1, _nodes).Where(other => SideOf(other) == SideOf(node))];

    /// <summary>The address at which others reach a node, unless it is behind NAT.</summary>
    public static string AddressOf(int node) => string.Create(CultureInfo.InvariantCulture, $"198.18.0.{node}");

    /// <summary>The command that starts a node in its namespace.</summary>
    public IReadOnlyList<string> Within(int node) => _namespaces.Within(NameOf(node));

    /// <summary>Opens a node's namespace, to reach its API.</summary>
    public NetworkNamespace Open(int node) => _namespaces.Open(NameOf(node));

    /// <summary>Cuts the link between the halves: packets are dropped.</summary>
    public Task CutAsync() => IpAsync(Hub, "link", "set", Trunk, "down");

    /// <summary>Restores the link.</summary>
    public Task HealAsync() => IpAsync(Hub, "link", "set", Trunk, "up");

    /// <summary>Links that the lab failed to keep up, each with the error.</summary>
    public IReadOnlyList<string> Broken() =>
    [
        .. _wires.Select(wire => (wire.Key, wire.Value.Failure)).Where(wire => wire.Failure is not null)
            .Select(wire => $"the link of {wire.Key} broke: {wire.Failure!.Message}"),
    ];

    public async ValueTask DisposeAsync()
    {
        foreach (var wire in _wires.Values)
            await wire.DisposeAsync();
        await _namespaces.DisposeAsync();
    }

    private static string NameOf(int node) => string.Create(CultureInfo.InvariantCulture, $"node-{node}");

    private static string? Find(string tool) => ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), tool);

    private static string? FilterTool() => ((string[])["nft", "iptables"]).FirstOrDefault(tool => Find(tool) is not null);

    private string SideOf(int node) => node <= (_nodes + 1) / 2 ? West : East;

    private Task IpAsync(string name, params string[] command) => _namespaces.RunAsync(["ip", "-n", name, .. command]);

    private async Task BuildAsync()
    {
        await _namespaces.AddAsync(Hub);
        _hub = _namespaces.Open(Hub);
        string[] probe = ["tc", "-n", Hub, "qdisc", "add", "dev", "lo", "root", .. new AccessLink(TimeSpan.Zero).Netem()];
        HasNetem = await _namespaces.TryRunAsync(probe) is null;
        foreach (var side in (string[])[West, East])
        {
            await IpAsync(Hub, "link", "add", side, "type", "bridge");
            await IpAsync(Hub, "link", "set", side, "up");
        }
        await IpAsync(Hub, "link", "add", Trunk, "type", "veth", "peer", "name", Trunk + "-end");
        await IpAsync(Hub, "link", "set", Trunk, "master", West, "up");
        await IpAsync(Hub, "link", "set", Trunk + "-end", "master", East, "up");

        foreach (var node in Enumerable.Range(1, _nodes))
        {
            await _namespaces.AddAsync(NameOf(node));
            if (node == BehindNat)
                await HideAsync(node);
            else
                await AttachAsync(NameOf(node), AddressOf(node), node);
        }
    }

    /// <summary>Gives a host an address and a link to its bridge.</summary>
    private async Task AttachAsync(string host, string address, int node)
    {
        const string device = "wan";
        var link = AccessLink.Of(node, _nodes);
        await IpAsync(Hub, "link", "add", host, "type", "veth", "peer", "name", device, "netns", host);
        await IpAsync(host, "addr", "add", address + "/24", "dev", device);
        if (HasNetem)
        {
            await IpAsync(Hub, "link", "set", host, "master", SideOf(node), "up");
            await _namespaces.RunAsync(["tc", "-n", host, "qdisc", "add", "dev", device, "root", .. link.Netem()]);
        }
        else
        {
            var (near, far) = (host + "-w", host + "-b");
            await IpAsync(Hub, "link", "add", near, "type", "veth", "peer", "name", far);
            await IpAsync(Hub, "link", "set", far, "master", SideOf(node), "up");
            await IpAsync(Hub, "link", "set", near, "up");
            await IpAsync(Hub, "link", "set", host, "up");
            _wires[host] = await Wire.ConnectAsync(_hub!, host, near, link, _time);
        }
        await IpAsync(host, "link", "set", device, "up");
    }

    /// <summary>Puts a node behind its own router, as in homes and offices.</summary>
    private async Task HideAsync(int node)
    {
        var host = NameOf(node);
        await _namespaces.AddAsync(Router);
        await AttachAsync(Router, RouterAddress, node);
        await IpAsync(Router, "link", "add", "lan", "type", "veth", "peer", "name", "lan", "netns", host);
        await IpAsync(Router, "addr", "add", InsideOfRouter + "/24", "dev", "lan");
        await IpAsync(Router, "link", "set", "lan", "up");
        await IpAsync(host, "addr", "add", BehindRouter + "/24", "dev", "lan");
        await IpAsync(host, "link", "set", "lan", "up");
        await IpAsync(host, "route", "add", "default", "via", InsideOfRouter);
        await _namespaces.RunAsync("ip", "netns", "exec", Router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        foreach (var command in FilterTool() == "nft" ? NatByNft() : NatByIptables())
            await _namespaces.RunAsync(["ip", "netns", "exec", Router, .. command]);
    }

    private static IEnumerable<string[]> NatByNft() =>
    [
        ["nft", "add table ip nat { chain out { type nat hook postrouting priority 100; oifname \"wan\" masquerade; }; }"],
        ["nft", "add table ip filter { chain forward { type filter hook forward priority 0; iifname \"wan\" ct state new drop; }; }"],
    ];

    private static IEnumerable<string[]> NatByIptables() =>
    [
        ["iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "wan", "-j", "MASQUERADE"],
        ["iptables", "-A", "FORWARD", "-i", "wan", "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"],
    ];
}
