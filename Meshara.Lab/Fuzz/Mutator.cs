namespace Meshara.Lab.Fuzz;

/// <summary>
/// Changes inputs at random, as AFL's havoc stage does: bits, bytes, numbers, pieces removed, repeated and copied from another input,
/// and words that the target knows.
/// </summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> words, int maxBytes)
{
    private static readonly byte[] Bytes = [0, 1, 2, 0x0a, 0x20, 0x22, 0x2c, 0x30, 0x39, 0x7f, 0x80, 0xff];
    private static readonly int[] Numbers =
        [0, 1, -1, short.MaxValue, ushort.MaxValue, ushort.MaxValue + 1, int.MaxValue, int.MinValue, 1024 * 1024];

    /// <summary>A changed copy of <paramref name="input"/>.</summary>
    /// <param name="input">The input.</param>
    /// <param name="other">Another one, of which parts are taken.</param>
    public byte[] Mutate(byte[] input, byte[] other)
    {
        List<byte> bytes = [.. input];
        for (var changes = 1 << random.Next(5); changes > 0; changes--)
            Change(bytes, other);
        if (bytes.Count > maxBytes)
            bytes.RemoveRange(maxBytes, bytes.Count - maxBytes);
        return [.. bytes];
    }

    private void Change(List<byte> bytes, byte[] other)
    {
        var choice = random.Next(11);
        if (bytes.Count == 0 || choice == 0)
            Insert(bytes, Piece(words.Count > 0 && random.Next(2) == 0 ? words[random.Next(words.Count)] : other));
        else if (choice == 1)
            bytes.RemoveRange(At(bytes, out var length), length);
        else if (choice == 2)
            Insert(bytes, Piece([.. bytes]));
        else if (choice == 3)
            Overwrite(bytes, Piece(other));
        else if (choice == 4 && words.Count > 0)
            Overwrite(bytes, words[random.Next(words.Count)]);
        else if (choice == 5)
            Overwrite(bytes, Number());
        else if (choice == 6)
            bytes[random.Next(bytes.Count)] = Bytes[random.Next(Bytes.Length)];
        else if (choice == 7)
            bytes[random.Next(bytes.Count)] += (byte)random.Next(-16, 17);
        else if (choice == 8)
            bytes[random.Next(bytes.Count)] = (byte)random.Next(256);
        else
            bytes[random.Next(bytes.Count)] ^= (byte)(1 << random.Next(8));
    }

    private byte[] Number()
    {
        var number = BitConverter.GetBytes(Numbers[random.Next(Numbers.Length)])[..(1 << random.Next(3))];
        if (random.Next(2) == 0)
            Array.Reverse(number);
        return number;
    }

    private byte[] Piece(byte[] from)
    {
        if (from.Length == 0)
            return [0];
        var start = random.Next(from.Length);
        return from[start..(start + random.Next(1, Math.Min(64, from.Length - start) + 1))];
    }

    private void Insert(List<byte> bytes, byte[] piece) => bytes.InsertRange(random.Next(bytes.Count + 1), piece);

    private void Overwrite(List<byte> bytes, byte[] piece)
    {
        var at = random.Next(bytes.Count);
        for (var i = 0; i < piece.Length && at + i < bytes.Count; i++)
            bytes[at + i] = piece[i];
    }

    private int At(List<byte> bytes, out int length)
    {
        var start = random.Next(bytes.Count);
        length = random.Next(1, Math.Min(32, bytes.Count - start) + 1);
        return start;
    }
}
