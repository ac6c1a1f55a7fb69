using Meshara.Node.Gossip;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>Gives each frame to the area that handles it.</summary>
internal sealed class FrameDispatcher(Dht dht, Forwarder forwarder, Broadcaster broadcaster, Membership membership, Depot depot, Receiver receiver) : IFrameHandler
{
    public ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken) => frame.BodyCase switch
    {
        Frame.BodyOneofCase.Envelope => receiver.AcceptAsync(connection, frame.Envelope, cancellationToken),
        Frame.BodyOneofCase.FindNode or Frame.BodyOneofCase.StoreRecord => dht.HandleAsync(connection, frame, cancellationToken),
        Frame.BodyOneofCase.Announce => broadcaster.OnAnnounceAsync(connection, frame.Announce, cancellationToken),
        Frame.BodyOneofCase.Want => broadcaster.OnWantAsync(connection, frame.Want, cancellationToken),
        Frame.BodyOneofCase.Prune => Prune(connection),
        Frame.BodyOneofCase.Undeliverable => forwarder.OnUndeliverableAsync(frame.Undeliverable, connection.Peer, cancellationToken),
        Frame.BodyOneofCase.Deposit => depot.OnDepositAsync(connection, frame, cancellationToken),
        Frame.BodyOneofCase.Handover => receiver.AcceptHandoverAsync(connection, frame, cancellationToken),
        Frame.BodyOneofCase.Members => Learn(frame.Members),
        // A later version's frame, or a second greeting: nothing this version could do with it.
        _ => ValueTask.CompletedTask,
    };

    private ValueTask Prune(PeerConnection connection)
    {
        broadcaster.OnPrune(connection.Peer);
        return ValueTask.CompletedTask;
    }

    private ValueTask Learn(Members members)
    {
        membership.OnMembers(members);
        return ValueTask.CompletedTask;
    }
}
