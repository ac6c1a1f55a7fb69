using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;

namespace Meshara.Lab.Simulation;

/// <summary>
/// What the hostile nodes do together: they answer lookups with one another only, closest to the target first, as in an eclipse
/// attack; they swallow broadcasts, messages they should pass on, and messages they promised to keep. They take part in
/// everything else, so that others think well of them.
/// </summary>
internal sealed class Hostility(int answers)
{
    private readonly List<SimulatedNode> _members = [];

    public void Add(SimulatedNode node) => _members.Add(node);

    /// <summary>True if the frame was dealt with in a hostile way.</summary>
    public bool TryHandle(SimulatedNode self, PeerConnection connection, Frame frame)
    {
        switch (frame.BodyCase)
        {
            case Frame.BodyOneofCase.FindNode:
                connection.TrySendUrgent(new Frame { Correlation = frame.Correlation, FoundNodes = Answer(new NodeId(frame.FindNode.Target.Span)) });
                return true;
            case Frame.BodyOneofCase.Deposit:
                connection.TrySendUrgent(new Frame { Correlation = frame.Correlation, Deposited = new Deposited { Held = true } });
                return true;
            case Frame.BodyOneofCase.Envelope:
                return new NodeAddress(frame.Envelope.Recipient is { Length: NodeAddress.Size } recipient ? recipient.Span : stackalloc byte[NodeAddress.Size]) != self.Address;
            case Frame.BodyOneofCase.Want or Frame.BodyOneofCase.Prune or Frame.BodyOneofCase.Announce or Frame.BodyOneofCase.Undeliverable:
                return true;
            default:
                return false;
        }
    }

    private FoundNodes Answer(NodeId target)
    {
        var found = new FoundNodes();
        found.Records.AddRange(_members
            .Where(member => member.IsAlive && !member.Traits.IsHidden)
            .Select(member => member.Record)
            .OrderBy(record => record.Id, Comparer<NodeId>.Create(target.CompareDistance))
            .Take(answers)
            .Select(record => record.Wire));
        return found;
    }
}
