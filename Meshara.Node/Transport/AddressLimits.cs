using System.Net;
using System.Net.Sockets;

namespace Meshara.Node.Transport;

/// <summary>
/// How often peers at one address may begin something, as a handshake. Identities cost nothing to make, addresses do. Of IPv6 a /64 network
/// counts as one address, since whoever has one of them has all. Bounded; safe for concurrent use.
/// </summary>
/// <param name="limit">How often within ten seconds.</param>
/// <param name="time">The clock.</param>
internal sealed class AddressLimits(int limit, TimeProvider time)
{
    private const int Capacity = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, TokenBucket> _buckets = [];

    /// <summary>
    /// What the other end of a socket is counted under; null when that is this machine itself, which is not limited: who may open sockets
    /// there could do worse, and the nodes of a test share one address.
    /// </summary>
    /// <exception cref="SocketException">It has hung up already.</exception>
    public static IPAddress? GroupOf(Socket socket) =>
        Between(((IPEndPoint)socket.RemoteEndPoint!).Address, ((IPEndPoint)socket.LocalEndPoint!).Address);

    /// <summary>The same of both ends' addresses.</summary>
    public static IPAddress? Between(IPAddress remote, IPAddress local)
    {
        remote = Unmapped(remote);
        if (remote.Equals(Unmapped(local)))
            return null;
        if (remote.AddressFamily != AddressFamily.InterNetworkV6)
            return remote;
        var bytes = remote.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>True when one more may begin now.</summary>
    /// <param name="group">As <see cref="GroupOf"/> says.</param>
    public bool TryBegin(IPAddress group)
    {
        lock (_gate)
        {
            if (!_buckets.TryGetValue(group, out var bucket))
            {
                if (_buckets.Count >= Capacity)
                    Trim();
                _buckets[group] = bucket = new TokenBucket(limit, Window, time);
            }
            return bucket.TryTake();
        }
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Forgets a tenth of them, those first that have not been heard of for longest.</summary>
    private void Trim()
    {
        foreach (var (group, _) in _buckets.OrderBy(entry => entry.Value.LastAsked).Take(Capacity / 10).ToList())
            _buckets.Remove(group);
    }
}
