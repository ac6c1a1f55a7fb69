using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Meshara.Node;

internal static class ChannelReading
{
    /// <summary>
    /// As <see cref="ChannelReader{T}.ReadAllAsync"/>, which leaves the caller's synchronization context: the simulator needs
    /// everything a node does to stay in the node's own.
    /// </summary>
    public static async IAsyncEnumerable<T> ReadEachAsync<T>(this ChannelReader<T> reader, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await reader.WaitToReadAsync(cancellationToken))
        {
            while (reader.TryRead(out var item))
                yield return item;
        }
    }
}
