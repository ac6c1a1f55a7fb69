using System.Net;
using System.Net.Sockets;

namespace Meshara.Node.Transport;

/// <summary>
/// Limits how often peers at one address may begin something, such as a handshake: identities are free, addresses are not. An
/// IPv6 /64 network counts as one address, since an owner usually has all of it. Bounded; safe for concurrent use.
/// </summary>
/// <param name="limit">The most within ten seconds.</param>
/// <param name="time">The clock.</param>
internal sealed class AddressLimits(int limit, TimeProvider time)
{
    private const int Capacity = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, TokenBucket> _buckets = [];

    /// <summary>
    /// The group that the remote end of a socket is counted under. Null for this machine itself, which is exempt: anyone who
    /// can open sockets here could do worse, and the nodes of a test share one address.
    /// </summary>
    /// <exception cref="SocketException">The peer has already hung up.</exception>
    public static IPAddress? GroupOf(Socket socket) =>
        Between(((IPEndPoint)socket.RemoteEndPoint!).Address, ((IPEndPoint)socket.LocalEndPoint!).Address);

    /// <summary>As <c>GroupOf</c>, from the addresses of both ends.</summary>
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

    /// <summary>True if one more may begin now.</summary>
    /// <param name="group">As returned by <see cref="GroupOf"/>.</param>
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

    /// <summary>Forgets a tenth of the addresses, least recently used first.</summary>
    private void Trim()
    {
        foreach (var (group, _) in _buckets.OrderBy(entry => entry.Value.LastAsked).Take(Capacity / 10).ToList())
            _buckets.Remove(group);
    }
}
