using System.Net;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Transport;

namespace Meshara.Lab.Simulation;

/// <summary>
/// What one simulated node dials with: a connection takes three round trips, as TCP, TLS 1.3 and the greeting do, and both ends
/// verify each other's records. Nothing is encrypted: TLS would show nothing here.
/// </summary>
internal sealed class SimulatedNetwork(SimulatedNode node, NetworkModel model) : INetwork
{
    private ulong _dials;

    public async Task<PeerConnection> DialAsync(EndPoint endpoint, NodeAddress? expected, CancellationToken cancellationToken)
    {
        var target = model.FindListener((IPEndPoint)endpoint);
        // A closed port answers after a round trip; an unknown one is taken to be as far away as the average.
        await Task.Delay(target is null ? TimeSpan.FromMilliseconds(100) : 3 * model.RoundTrip(node.Place, target.Place), node.Clock, cancellationToken);
        if (target is not { IsAlive: true })
            throw new DialException($"Cannot reach {endpoint}: refused.", "refused");
        if (target == node)
            throw new MesharaException(Handshake.Self, "This node dialled itself.");
        if (expected is { } who && who != target.Address)
            throw new MesharaException(ErrorCodes.Protocol, $"{endpoint} is {target.Address.Short}, not {who.Short}.");
        var (near, far) = SimulatedStream.Connect(node, target, model);
        var dial = ++_dials;
        model.Connections++;
        var theirs = target.Accept(far, node, dial);
        target.Context.Post(static async state =>
        {
            var (target, connection) = ((SimulatedNode, PeerConnection))state!;
            if (!await target.Swarm.TryAcceptAsync(connection))
                connection.Dispose();
        }, (target, theirs));
        return node.Connect(near, target, dial);
    }
}
