using Meshara.Node.Gossip;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>Gives each frame to the area that handles it.</summary>
internal sealed class FrameDispatcher(Dht dht, Forwarder forwarder, Broadcaster broadcaster, Membership membership, Depot depot, Receiver receiver, Swarm swarm) : IFrameHandler
{
    /// <summary>
    /// What waits here – for the store, or for the workers that receive – waits for this node and never for a peer: two ends that
    /// did would wait for each other.
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
                membership.OnMembers(connection, frame.Members);
                break;
            default:
                break; // a later version's frame, or a second greeting: nothing this version could do with it
        }
        return ValueTask.CompletedTask;
    }
}
