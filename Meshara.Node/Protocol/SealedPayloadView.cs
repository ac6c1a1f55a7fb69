namespace Meshara.Node.Protocol;

/// <summary>
/// Reads a <see cref="Wire.SealedPayload"/> in place: the generated parser would copy the ciphertext, which is most of a
/// message. Like the generated parser, it accepts fields in any order, uses the last value of a field, and skips unknown
/// fields.
/// </summary>
internal readonly ref struct SealedPayloadView
{
    private const int VarInt = 0, Fixed64 = 1, Delimited = 2, Fixed32 = 5;

    public ReadOnlySpan<byte> EncapsulatedKey { get; private init; }

    public ulong Sequence { get; private init; }

    public ReadOnlySpan<byte> Ciphertext { get; private init; }

    /// <summary>False if the bytes are not valid protobuf.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SealedPayloadView view)
    {
        view = default;
        while (!bytes.IsEmpty)
        {
            if (!TryReadVarInt(ref bytes, out var tag) || tag >> 3 == 0 || tag > uint.MaxValue)
                return false;
            ReadOnlySpan<byte> value = default;
            var number = 0UL;
            var isRead = (tag & 7) switch
            {
                VarInt => TryReadVarInt(ref bytes, out number),
                Fixed64 => TryTake(ref bytes, 8, out value),
                Delimited => TryReadVarInt(ref bytes, out var length) && TryTake(ref bytes, length, out value),
                Fixed32 => TryTake(ref bytes, 4, out value),
                _ => false,
            };
            if (!isRead)
                return false;
            view = tag switch
            {
                Wire.SealedPayload.EncapsulatedKeyFieldNumber << 3 | Delimited => new SealedPayloadView { EncapsulatedKey = value, Sequence = view.Sequence, Ciphertext = view.Ciphertext },
                Wire.SealedPayload.SequenceFieldNumber << 3 | VarInt => new SealedPayloadView { EncapsulatedKey = view.EncapsulatedKey, Sequence = number, Ciphertext = view.Ciphertext },
                Wire.SealedPayload.CiphertextFieldNumber << 3 | Delimited => new SealedPayloadView { EncapsulatedKey = view.EncapsulatedKey, Sequence = view.Sequence, Ciphertext = value },
                _ => view,
            };
        }
        return true;
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> bytes, ulong length, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (length > (ulong)bytes.Length)
            return false;
        value = bytes[..(int)length];
        bytes = bytes[(int)length..];
        return true;
    }

    /// <summary>Base 128: seven bits per byte, lowest first, at most ten bytes.</summary>
    private static bool TryReadVarInt(scoped ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < 10; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80)
                continue;
            bytes = bytes[(i + 1)..];
            return true;
        }
        return false;
    }
}
