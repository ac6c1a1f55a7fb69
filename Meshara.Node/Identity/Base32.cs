namespace Meshara.Node.Identity;

/// <summary>Lower-case base32 as in RFC 4648 section 6, without padding. Decoding is strict: spare bits must be zero.</summary>
internal static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>Encodes any number of bytes.</summary>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[(bytes.Length * 8 + 4) / 5];
        int buffer = 0, bits = 0, at = 0;
        foreach (var b in bytes)
        {
            buffer = (buffer << 8 | b) & 0xFFFF;
            bits += 8;
            while (bits >= 5)
                text[at++] = Alphabet[buffer >> (bits -= 5) & 31];
        }
        if (bits > 0)
            text[at] = Alphabet[buffer << (5 - bits) & 31];
        return new string(text);
    }

    /// <summary>Decodes text into <paramref name="bytes"/>, filling it exactly; false if the text is invalid.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (text.Length != (bytes.Length * 8 + 4) / 5)
            return false;
        int buffer = 0, bits = 0, at = 0;
        foreach (var c in text)
        {
            var value = c switch
            {
                >= 'a' and <= 'z' => c - 'a',
                >= 'A' and <= 'Z' => c - 'A',
                >= '2' and <= '7' => c - '2' + 26,
                _ => -1,
            };
            if (value < 0)
                return false;
            buffer = (buffer << 5 | value) & 0xFFFF;
            bits += 5;
            if (bits >= 8)
                bytes[at++] = (byte)(buffer >> (bits -= 8));
        }
        // Each key has only one text form; non-zero spare bits would make a second one.
        return (buffer & (1 << bits) - 1) == 0;
    }
}
