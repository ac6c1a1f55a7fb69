using System.Net.Sockets;
using System.Threading.Channels;

namespace Meshara.Node.Transport;

/// <summary>
/// Holds inbound connections until their handshake is done. A peer must speak first and at once. When all places are taken, the
/// connection that has been silent longest is dropped, so that a crowd of silent connections keeps nobody out.
/// </summary>
/// <param name="handshakes">The most handshakes in progress; as many more connections may wait.</param>
internal sealed class WaitingRoom(int handshakes)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Socket> _silent = [];

    // Each entry stands for a connection or a handshake in progress; a full channel makes others wait.
    private readonly Channel<bool> _places = Channel.CreateBounded<bool>(2 * handshakes);
    private readonly Channel<bool> _turns = Channel.CreateBounded<bool>(handshakes);

    /// <summary>Takes a place for the next connection.</summary>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        if (_places.Writer.TryWrite(true))
            return;
        lock (_gate)
        {
            // The SpeaksAsync of that connection then fails and gives the place back.
            if (_silent.First is { } longest)
            {
                _silent.RemoveFirst();
                longest.Value.Dispose();
            }
        }
        await _places.Writer.WriteAsync(true, cancellationToken);
    }

    /// <summary>Gives a place back; every accepted connection does so once.</summary>
    public void Leave() => _places.Reader.TryRead(out _);

    /// <summary>Waits for the first byte without consuming it.</summary>
    /// <exception cref="SocketException">The connection was reset.</exception>
    /// <exception cref="ObjectDisposedException">The connection was dropped to make room for another.</exception>
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

    /// <summary>Waits until the handshake may begin. The caller disposes the returned turn when the handshake has ended.</summary>
    public async Task<Turn> TurnAsync(CancellationToken cancellationToken)
    {
        await _turns.Writer.WriteAsync(true, cancellationToken);
        return new Turn(_turns);
    }

    /// <summary>One handshake in progress.</summary>
    public readonly struct Turn(Channel<bool> turns) : IDisposable
    {
        public void Dispose() => turns.Reader.TryRead(out _);
    }
}
