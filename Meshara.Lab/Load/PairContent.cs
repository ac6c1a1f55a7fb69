using System.Collections.Concurrent;

namespace Meshara.Lab.Load;

/// <summary>The content of measured messages. It depends only on the length, so that the recipient can verify it.</summary>
internal static class PairContent
{
    private static readonly ConcurrentDictionary<int, byte[]> Contents = new();

    public static byte[] Of(int length) => Contents.GetOrAdd(length, static bytes =>
    {
        var content = new byte[bytes];
        new Random(bytes).NextBytes(content);
        return content;
    });

    public static bool IsWhole(ReadOnlySpan<byte> content) => content.SequenceEqual(Of(content.Length));
}
