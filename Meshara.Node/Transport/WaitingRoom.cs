using System.Net.Sockets;
using System.Threading.Channels;

namespace Meshara.Node.Transport;

/// <summary>
/// Where connections from others are until their handshake is done. A peer speaks first and at once. One that is silent waits, and with
/// all places taken the one that has waited for longest goes, so that a crowd of silent ones keeps nobody out.
/// </summary>
/// <param name="handshakes">How many handshakes may be under way. As many connections may wait.</param>
internal sealed class WaitingRoom(int handshakes)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Socket> _silent = [];

    // As many entries as there are connections, and handshakes under way: full channels make others wait.
    private readonly Channel<bool> _places = Channel.CreateBounded<bool>(2 * handshakes);
    private readonly Channel<bool> _turns = Channel.CreateBounded<bool>(handshakes);

    /// <summary>Takes a place for the next connection.</summary>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        if (_places.Writer.TryWrite(true))
            return;
        lock (_gate)
        {
            // Its SpeaksAsync fails, and gives the place back.
            if (_silent.First is { } longest)
            {
                _silent.RemoveFirst();
                longest.Value.Dispose();
            }
        }
        await _places.Writer.WriteAsync(true, cancellationToken);
    }

    /// <summary>Gives the place back, as every connection does that was accepted for one.</summary>
    public void Leave() => _places.Reader.TryRead(out _);

    /// <summary>Waits for the first byte, which stays where it is.</summary>
    /// <exception cref="SocketException">The connection was reset.</exception>
    /// <exception cref="ObjectDisposedException">It had to go for another one.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task SpeaksAsync(Socket socket, CancellationToken cancellationToken)
    {
        LinkedListNode<Socket> place;
        lock (_gate)
            place = _silent.AddLast(socket);
        try
        {
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken);
        }
        finally
        {
            lock (_gate)
            {
                if (place.List is not null)
                    _silent.Remove(place);
            }
        }
    }

    /// <summary>Waits until the handshake may begin. The caller disposes what is returned when it has ended.</summary>
    public async Task<Turn> TurnAsync(CancellationToken cancellationToken)
    {
        await _turns.Writer.WriteAsync(true, cancellationToken);
        return new Turn(_turns);
    }

    /// <summary>One handshake under way.</summary>
    public readonly struct Turn(Channel<bool> turns) : IDisposable
    {
        public void Dispose() => turns.Reader.TryRead(out _);
    }
}
