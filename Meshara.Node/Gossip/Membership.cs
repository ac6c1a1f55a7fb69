using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Gossip;

/// <summary>
/// Whom this node believes alive, after SWIM (Das, Gupta and Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group
/// Membership Protocol", 2002): only what changes is passed on, and a member that a node has lost, or that is silent, is doubted until it
/// answers. Nobody but a member itself can say that it is alive, or goodbye for it; a doubt may be anybody's, so it ends nothing that its
/// subject can still answer. It informs operators; nothing is routed by it. <c>Membership.Exchange.cs</c> hears, answers and asks.
/// </summary>
internal sealed partial class Membership
{
    // Peers told in each round.
    private const int Fanout = 2;

    // Members in one frame of news.
    private const int MaxNews = 128;

    // For peers of version 1: all of what members have signed, which they may have missed, in each so manieth round.
    private const int FullEvery = 16;

    // Rounds in which a beat of this node is told.
    private const int RoundsTold = 2;

    // Who leaves has no heartbeat any more.
    private static readonly ByteString NoBeats = ByteString.CopyFrom(new byte[SHA256.HashSizeInBytes]);

    private readonly NodeIdentity _identity;
    private readonly Swarm _swarm;
    private readonly GossipOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly NodeClock _time;
    private readonly MembershipPace _pace;
    private readonly MemberTable _table;
    private readonly TokenBucket _doubts;
    private readonly TokenBucket _answers;
    private readonly Lock _gate = new();
    private Heartbeat? _heartbeat;
    private ulong _number;
    private Member? _own;
    private TimeSpan _signedAt;
    private TimeSpan _due;
    private int _rounds;
    private int _ownRounds;
    private bool _hasLeft;
    private long _bytesTold;

    public Membership(NodeIdentity identity, Swarm swarm, IOptions<GossipOptions> options, MeshTelemetry telemetry, TimeProvider time)
    {
        _identity = identity;
        _swarm = swarm;
        _options = options.Value;
        _telemetry = telemetry;
        _time = NodeClock.Of(time);
        _pace = new MembershipPace(_options);
        _table = new MemberTable(identity.Address, _options, _pace);
        _doubts = new TokenBucket(DoubtsPerInterval, _options.MembershipInterval, _time);
        _answers = new TokenBucket(AnswersPerInterval, _options.MembershipInterval, _time);
        swarm.Connected += Welcome;
        swarm.Disconnected += OnDisconnected;
    }

    /// <summary>Nodes believed alive, this one included.</summary>
    public int Size => _table.View.Size;

    /// <summary>A hash that is the same on two nodes that believe the same nodes alive; another set has it once in four billion.</summary>
    public uint ViewHash => _table.View.Hash;

    /// <summary>Rounds in which it told something.</summary>
    public int Rounds => Volatile.Read(ref _rounds);

    /// <summary>Bytes of the frames in which others were told of members.</summary>
    public long BytesTold => Interlocked.Read(ref _bytesTold);

    /// <summary>Tells, doubts and forgets until cancelled, then says goodbye.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.MembershipInterval, _time);
        var last = _time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                var now = _time.GetTimestamp();
                foreach (var address in _table.Pass(_time.GetElapsedTime(last, now)))
                    Ask(address);
                last = now;
                Tell();
            }
        }
        catch (OperationCanceledException)
        {
            SayGoodbye();
        }
    }

    /// <summary>
    /// A newcomer is told who this node is, and that it is itself believed to be gone, if it is; by the digest it sees whether both know the
    /// same members.
    /// </summary>
    private void Welcome(PeerConnection newcomer)
    {
        if (newcomer.Version < ProtocolVersions.MemberNews)
        {
            Send(newcomer, new Frame { Members = All(isFull: true) });
            return;
        }
        var members = new Members { View = ViewHash, Members_ = { Own() } };
        if (_table.Dispute(newcomer.Peer) is { } dispute)
            members.Members_.Add(dispute);
        Send(newcomer, new Frame { Members = members });
    }

    /// <summary>The first to notice that a member is gone are those that were connected to it.</summary>
    private void OnDisconnected(PeerConnection connection)
    {
        // Not when this node has closed it, with a reason that says nothing of whether the peer lives.
        if (connection.Reason is CloseReason.Remote or CloseReason.Network or CloseReason.Timeout or CloseReason.SlowConsumer)
            _table.Doubt(connection.Peer);
    }

    private void Tell()
    {
        var peers = _swarm.Connections.Where(connection => connection.IsOpen && connection.HasRoom).ToArray();
        if (peers.Length == 0)
            return;
        BeatInTime(isAtOnce: peers.Any(peer => peer.Version < ProtocolVersions.MemberNews));
        Random.Shared.Shuffle(peers);
        var isFull = _rounds++ % FullEvery == 0;
        Frame? news = null, all = null;
        foreach (var peer in peers.Take(Fanout))
        {
            Send(peer, peer.Version < ProtocolVersions.MemberNews
                ? all ??= new Frame { Members = All(isFull) }
                : news ??= new Frame { Members = News() });
        }
    }

    /// <summary>Everybody is told: who leaves in good order should not look like who crashed.</summary>
    private void SayGoodbye()
    {
        Member goodbye;
        lock (_gate)
        {
            _hasLeft = true;
            _own = goodbye = MemberState.Sign(_identity, _number = _time.Next(_number), left: true, NoBeats);
        }
        var frame = new Frame { Members = new Members { Members_ = { goodbye } } };
        foreach (var peer in _swarm.Connections.Where(connection => connection.IsOpen))
            Send(peer, frame);
    }

    private Members News()
    {
        var news = new Members { View = ViewHash };
        lock (_gate)
        {
            if (_own is not null && _ownRounds > 0)
            {
                _ownRounds--;
                news.Members_.Add(_table.Now - _signedAt < MemberTable.NewFor ? _own : MemberState.Beat(_own));
            }
        }
        news.Members_.AddRange(_table.News(MaxNews));
        return news;
    }

    private Members All(bool isFull) => new() { Members_ = { _table.All(isFull).Prepend(Own()) } };

    /// <summary>Lets this node's heart beat when it is time.</summary>
    /// <param name="isAtOnce">A peer of version 1 waits for it.</param>
    private void BeatInTime(bool isAtOnce)
    {
        var size = Size;
        lock (_gate)
        {
            if (!_hasLeft && (_own is null || _heartbeat is null || isAtOnce || _table.Now >= _due))
                Beat(size);
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private Member Beat(int size)
    {
        if (_heartbeat is null || _heartbeat.IsUsedUp)
        {
            _heartbeat = new Heartbeat(_identity, _number = _time.Next(_number));
            _signedAt = _table.Now;
        }
        // Members that started together do not beat in step for ever.
        _due = _table.Now + _pace.Renewal(size) * (0.75 + Random.Shared.NextDouble() / 2);
        _ownRounds = RoundsTold;
        return _own = _heartbeat.Next();
    }

    /// <summary>What this node last said of itself.</summary>
    private Member Own()
    {
        var size = Size;
        lock (_gate)
            return _own ?? Beat(size);
    }

    private void Send(PeerConnection peer, Frame frame)
    {
        _telemetry.Sent(Tags.Ping);
        Interlocked.Add(ref _bytesTold, peer.TrySend(frame));
    }
}
