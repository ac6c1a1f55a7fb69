using Meshara.Node.Gossip;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>Passes each frame to the component that handles it.</summary>
internal sealed class FrameDispatcher(Dht dht, Forwarder forwarder, Broadcaster broadcaster, Membership? membership, Depot depot, Receiver receiver, Swarm swarm) : IFrameHandler
{
    /// <summary>
    /// A handler may wait for this node (its store, or the receiving workers), but never for a peer: two nodes waiting for each
    /// other would deadlock.
    /// </summary>
    public ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken) => frame.BodyCase switch
    {
        Frame.BodyOneofCase.Envelope => receiver.AcceptAsync(connection, frame.Envelope, cancellationToken),
        Frame.BodyOneofCase.Deposit => depot.OnDepositAsync(connection, frame, cancellationToken),
        Frame.BodyOneofCase.Handover => receiver.AcceptHandoverAsync(connection, frame, cancellationToken),
        _ => Handle(connection, frame),
    };

    private ValueTask Handle(PeerConnection connection, Frame frame)
    {
        switch (frame.BodyCase)
        {
            case Frame.BodyOneofCase.FindNode or Frame.BodyOneofCase.StoreRecord or Frame.BodyOneofCase.FoundNodes:
                dht.Handle(connection, frame);
                break;
            case Frame.BodyOneofCase.Announce:
                broadcaster.OnAnnounce(connection, frame.Announce);
                break;
            case Frame.BodyOneofCase.Want:
                broadcaster.OnWant(connection, frame.Want);
                break;
            case Frame.BodyOneofCase.Prune:
                broadcaster.OnPrune(connection.Peer);
                break;
            case Frame.BodyOneofCase.Cloned:
                swarm.OnCloned(connection, frame.Cloned.Refused);
                break;
            case Frame.BodyOneofCase.Undeliverable:
                forwarder.OnUndeliverable(frame.Undeliverable, connection.Peer);
                break;
            case Frame.BodyOneofCase.Members:
                membership?.OnMembers(connection, frame.Members);
                break;
            default:
                break; // a frame of a later version, or a second greeting: this version ignores it
        }
        return ValueTask.CompletedTask;
    }
}
