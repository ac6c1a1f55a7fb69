using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Meshara.Lab.Drills.Wan;

/// <summary>A network interface to which a packet socket can be bound (<c>sockaddr_ll</c>, packet(7)).</summary>
/// <param name="index">The interface index.</param>
internal sealed class LinkEndPoint(int index) : EndPoint
{
    private const ushort EveryProtocol = 3; // ETH_P_ALL
    private const int Size = 20;

    public override AddressFamily AddressFamily => AddressFamily.Packet;

    public override SocketAddress Serialize()
    {
        var address = new SocketAddress(AddressFamily.Packet, Size);
        BinaryPrimitives.WriteUInt16BigEndian(address.Buffer.Span[2..], EveryProtocol);
        BitConverter.TryWriteBytes(address.Buffer.Span[4..], index);
        return address;
    }
}
