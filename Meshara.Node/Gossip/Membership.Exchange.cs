using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Gossip;

internal sealed partial class Membership
{
    // A version 1 peer sends all its members and itself in one frame.
    private const int MaxTold = 4096 + 1;

    // Members in one answer to a peer whose view differs.
    private const int MaxAnswer = 128;

    // Rounds between two queries about a differing view: recent news may still be on its way.
    private const int RoundsPerQuestion = 4;

    // Per interval: doubts about others that this node takes up, and doubts about itself that it answers with a heartbeat. Each
    // costs the whole mesh a heartbeat.
    private const int DoubtsPerInterval = 16;
    private const int AnswersPerInterval = 4;

    private TimeSpan? _asked;

    /// <summary>Handles what a peer says about members.</summary>
    /// <exception cref="MesharaException">
    /// With <see cref="ErrorCodes.Protocol"/> if the frame is malformed, or if a state is not signed by its member: a node
    /// passes on only what it has verified.
    /// </exception>
    public void OnMembers(PeerConnection connection, Members told)
    {
        _telemetry.Received(Tags.Ping);
        if (told.Members_.Count > MaxTold || told.Buckets.Count > 0 && !MemberView.IsBucketCount(told.Buckets.Count))
            throw new MesharaException(ErrorCodes.Protocol, "A list of members, or of their buckets, has a wrong length.");
        // A heartbeat from the future would keep a dead member alive. The limit follows the later of the two clocks, because
        // the wall clock of this node may be the one that is slow.
        var (wall, mesh) = (_time.GetUtcNow(), _time.MeshUtcNow);
        var latest = (ulong)((wall > mesh ? wall : mesh) + PeerRecord.MaxAhead).ToMicroseconds();
        var (answer, isNew) = (new Members(), false);
        foreach (var member in told.Members_)
        {
            if (member.Address.Length != NodeAddress.Size)
                throw new MesharaException(ErrorCodes.Protocol, "A member's address has a wrong length.");
            var address = new NodeAddress(member.Address.Span);
            if (member.Heartbeat > latest)
                continue;
            if (address == _identity.Address)
                HearOfSelf(member, answer);
            else
                isNew |= Hear(address, member, answer);
        }
        if (told.Buckets.Count > 0 && connection.MayAskForMembers())
        {
            answer.Members_.AddRange(_table.Difference(told.Buckets, MaxAnswer, out var hasMore));
            answer.More = hasMore;
        }
        if (answer.Members_.Count > 0)
            Send(connection, new Frame { Members = answer });
        // A peer that sends buckets has seen that the views differ.
        if (told.Buckets.Count > 0 || told.View != 0 && told.View != ViewHash || told.More && isNew)
            AskForDifference(connection, isAtOnce: told.More && isNew);
    }

    /// <summary>True if the set of live members changed.</summary>
    private bool Hear(NodeAddress address, Member told, Members answer)
    {
        var (doubted, age) = (told.Doubted, TimeSpan.FromSeconds(told.Age));
        switch (_table.Judge(address, told, out var known))
        {
            case MemberTable.Verdict.News:
                var state = MemberState.IsBeat(told) ? MemberState.WithBeat(known!, told) : told;
                if (!MemberState.IsAuthentic(state, known))
                    throw new MesharaException(ErrorCodes.Protocol, "A member's state is not that member's own.");
                (state.Doubted, state.Age) = (false, 0);
                var isNew = _table.Take(address, state, age);
                if (doubted)
                    TakeUp(address);
                return isNew;
            case MemberTable.Verdict.Doubt:
                TakeUp(address);
                return false;
            case MemberTable.Verdict.Answered:
                answer.Members_.Add(known);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Takes up a doubt and asks the member itself if it is connected: most doubts end there, before they spread.</summary>
    private void TakeUp(NodeAddress address)
    {
        if (_doubts.TryTake() && _table.Doubt(address))
            Ask(address);
    }

    /// <summary>Tells a connected member that it is doubted, so that it answers.</summary>
    private void Ask(NodeAddress address)
    {
        if (_swarm.TryGet(address, out var connection) && connection.Version >= ProtocolVersions.MemberNews
            && _table.Dispute(address) is { } dispute)
            Send(connection, new Frame { Members = new Members { Members_ = { dispute } } });
    }

    private void HearOfSelf(Member told, Members answer)
    {
        var size = Size;
        lock (_gate)
        {
            // A state from before a restart: this node's next number must be higher, or nobody accepts it.
            if (!MemberState.IsBeat(told) && told.Heartbeat > _number)
            {
                if (!MemberState.IsAuthentic(told, known: null))
                    throw new MesharaException(ErrorCodes.Protocol, "A member's state is not that member's own.");
                (_number, _heartbeat) = (told.Heartbeat, null);
            }
            else if (told.Doubted)
            {
                if (!_hasLeft && (_own is null || !MemberState.IsNewer(_own, told)) && _answers.TryTake())
                    Beat(size);
                if (_own is not null)
                    answer.Members_.Add(_own);
            }
        }
    }

    /// <summary>Asks a peer whose view differs for its members in the differing buckets.</summary>
    private void AskForDifference(PeerConnection peer, bool isAtOnce)
    {
        if (peer.Version < ProtocolVersions.MemberNews)
            return;
        lock (_gate)
        {
            if (!isAtOnce && _asked is { } asked && _table.Now - asked < _options.MembershipInterval * RoundsPerQuestion)
                return;
            _asked = _table.Now;
        }
        var view = _table.View;
        Send(peer, new Frame { Members = new Members { Buckets = { view.Buckets(view.BucketCount) } } });
    }
}
