using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Meshara.Node.Identity;

/// <summary>
/// The address of a node: its Ed25519 public key (RFC 8032). The text form is the 32 bytes in lower-case base32 (RFC 4648
/// alphabet, no padding): 52 characters.
/// </summary>
public readonly struct NodeAddress : IEquatable<NodeAddress>, IComparable<NodeAddress>
{
    /// <summary>Length of the public key in bytes.</summary>
    public const int Size = 32;

    /// <summary>Length of the text form in characters.</summary>
    public const int TextLength = 52;

    // Odd, so that it loses nothing of an address.
    private static readonly ulong Spread = (ulong)Chance.Random.NextInt64() | 1;

    private readonly ulong _a, _b, _c, _d;

    /// <param name="publicKey">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public NodeAddress(ReadOnlySpan<byte> publicKey)
    {
        if (publicKey.Length != Size)
            throw new ArgumentException($"An address is {Size} bytes, not {publicKey.Length}.", nameof(publicKey));
        _a = BinaryPrimitives.ReadUInt64BigEndian(publicKey);
        _b = BinaryPrimitives.ReadUInt64BigEndian(publicKey[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(publicKey[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(publicKey[24..]);
    }

    /// <summary>True for <c>default</c>, which is no node's address.</summary>
    public bool IsEmpty => (_a | _b | _c | _d) == 0;

    /// <summary>The first ten characters: enough for people to tell nodes apart, never used as a key.</summary>
    public string Short => ToString()[..10];

    /// <summary>Writes the 32 bytes of the public key to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>The 32 bytes of the public key.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Parses the text form; upper case is accepted, anything else is not.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.InvalidArgument"/>.</exception>
    public static NodeAddress Parse(string? text) => TryParse(text, out var address)
        ? address
        : throw new MesharaException(ErrorCodes.InvalidArgument,
            $"'{Printable.Bounded(text, 64)}' is not a node address: {TextLength} characters of a-z and 2-7 are expected.");

    /// <summary>Parses the text form without throwing.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out NodeAddress address)
    {
        address = default;
        Span<byte> key = stackalloc byte[Size];
        if (text is not { Length: TextLength } || !Base32.TryDecode(text, key))
            return false;
        address = new NodeAddress(key);
        return !address.IsEmpty;
    }

    /// <summary>The 52 characters of the text form.</summary>
    public override string ToString()
    {
        Span<byte> key = stackalloc byte[Size];
        CopyTo(key);
        return Base32.Encode(key);
    }

    /// <inheritdoc/>
    public bool Equals(NodeAddress other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NodeAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_a, _d);

    /// <summary>
    /// One of <paramref name="count"/> shares of all addresses, from 0. Which addresses share one differs from process to
    /// process, as their hash codes do, so that nobody can choose an address for it; the simulator makes it repeatable.
    /// </summary>
    internal int Share(int count) => (int)((UInt128)((_a ^ _d) * Spread) * (ulong)count >> 64);

    /// <summary>Orders addresses by their bytes; both ends use it to choose between duplicate connections.</summary>
    public int CompareTo(NodeAddress other)
    {
        var order = _a.CompareTo(other._a);
        if (order == 0) order = _b.CompareTo(other._b);
        if (order == 0) order = _c.CompareTo(other._c);
        return order == 0 ? _d.CompareTo(other._d) : order;
    }

    public static bool operator ==(NodeAddress left, NodeAddress right) => left.Equals(right);

    public static bool operator !=(NodeAddress left, NodeAddress right) => !left.Equals(right);

    public static bool operator <(NodeAddress left, NodeAddress right) => left.CompareTo(right) < 0;

    public static bool operator <=(NodeAddress left, NodeAddress right) => left.CompareTo(right) <= 0;

    public static bool operator >(NodeAddress left, NodeAddress right) => left.CompareTo(right) > 0;

    public static bool operator >=(NodeAddress left, NodeAddress right) => left.CompareTo(right) >= 0;
}
