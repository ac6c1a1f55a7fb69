using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Meshara.Node.Protocol;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Transport;

/// <summary>Binds the mesh port before anything else starts, and determines the endpoints to advertise.</summary>
internal sealed class Listener
{
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Listen"/> if the port is taken.</exception>
    public Listener(Swarm swarm, IOptions<MeshOptions> options)
    {
        _ = HostPort.TryParse(options.Value.Listen, out var listen);
        Bound = swarm.Listen(new IPEndPoint(HostPort.IsLocalhost(listen.Host) ? IPAddress.Loopback : IPAddress.Parse(listen.Host), listen.Port));
        Advertised = options.Value.Advertise switch
        {
            [MeshOptions.AdvertiseNone] => [],
            { Count: > 0 } given => [.. given.Select(Parse)],
            _ => Derive(Bound),
        };
    }

    /// <summary>For a node whose <see cref="INetwork"/> is not TCP.</summary>
    public Listener(IPEndPoint bound, IReadOnlyList<PeerEndpoint> advertised) => (Bound, Advertised) = (bound, advertised);

    /// <summary>The local endpoint that peers connect to.</summary>
    public IPEndPoint Bound { get; }

    /// <summary>The endpoints in the signed peer record; empty if this node can only be reached through relays.</summary>
    public IReadOnlyList<PeerEndpoint> Advertised { get; }

    private static PeerEndpoint Parse(string text)
    {
        _ = HostPort.TryParse(text, out var advertised);
        return PeerEndpoint.Tcp(advertised.Host, advertised.Port);
    }

    /// <summary>The bound address, or for a wildcard up to four addresses of this machine that others can use.</summary>
    private static IReadOnlyList<PeerEndpoint> Derive(IPEndPoint bound)
    {
        if (!bound.Address.Equals(IPAddress.Any) && !bound.Address.Equals(IPAddress.IPv6Any))
            return [PeerEndpoint.Tcp(bound.Address.ToString(), bound.Port)];
        var addresses = NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => address.AddressFamily == AddressFamily.InterNetwork
                || bound.AddressFamily == AddressFamily.InterNetworkV6 && address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv6LinkLocal: false })
            .Take(4)
            .ToList();
        return [.. (addresses.Count > 0 ? addresses : [IPAddress.Loopback]).Select(address => PeerEndpoint.Tcp(address.ToString(), bound.Port))];
    }
}
