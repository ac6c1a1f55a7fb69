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
/// The members this node believes to be alive, following SWIM (Das, Gupta and Motivala, "SWIM: Scalable Weakly-consistent
/// Infection-style Process Group Membership Protocol", 2002). Only changes are passed on; a member that has disconnected from a
/// node, or is silent, is doubted until it answers. Only the member itself can say that it is alive or that it leaves. Anyone
/// can raise a doubt, so a doubt alone removes nobody who can still answer it. The view informs operators; routing does not use
/// it. <c>Membership.Exchange.cs</c> handles incoming frames, answers and queries.
/// </summary>
internal sealed partial class Membership
{
    // Peers to send to in each round.
    private const int Fanout = 2;

    // Members per frame of news.
    private const int MaxNews = 128;

    // Version 1 peers get the full signed states, which they may have missed, once every so many rounds.
    private const int FullEvery = 16;

    // Rounds in which each heartbeat of this node is sent.
    private const int RoundsTold = 2;

    // A member that has left sends no more heartbeats.
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

    /// <summary>The number of nodes believed to be alive, this one included.</summary>
    public int Size => _table.View.Size;

    /// <summary>
    /// A hash of the set of live nodes: equal sets have equal hashes, and different sets collide once in four billion.
    /// </summary>
    public uint ViewHash => _table.View.Hash;

    /// <summary>The rounds in which this node sent something.</summary>
    public int Rounds => Volatile.Read(ref _rounds);

    /// <summary>The total size of the frames that carried membership, in bytes.</summary>
    public long BytesTold => Interlocked.Read(ref _bytesTold);

    /// <summary>Sends, doubts and forgets until cancelled, then says goodbye.</summary>
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
    /// Tells a new peer this node's own state and, if this node doubts the peer or believes it gone, that too. The digest shows
    /// the peer whether both nodes know the same members.
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

    /// <summary>The peers of a dead member are the first to notice: their connections to it break.</summary>
    private void OnDisconnected(PeerConnection connection)
    {
        // Closing the connection for this node's own reasons says nothing about whether the peer is alive.
        if (connection.Reason is CloseReason.Remote or CloseReason.Network or CloseReason.Timeout or CloseReason.SlowConsumer)
            _table.Doubt(connection.Peer);
    }

    private void Tell()
    {
        var peers = _swarm.Connections.Where(connection => connection.IsOpen && connection.HasRoom).ToArray();
        if (peers.Length == 0)
            return;
        BeatInTime(isAtOnce: peers.Any(peer => peer.Version < ProtocolVersions.MemberNews));
        Chance.Random.Shuffle(peers);
        var isFull = _rounds++ % FullEvery == 0;
        Frame? news = null, all = null;
        foreach (var peer in peers.Take(Fanout))
        {
            Send(peer, peer.Version < ProtocolVersions.MemberNews
                ? all ??= new Frame { Members = All(isFull) }
                : news ??= new Frame { Members = News() });
        }
    }

    /// <summary>Tells every peer, so that an orderly departure is not mistaken for a crash.</summary>
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

    /// <summary>Sends this node's heartbeat if it is due.</summary>
    /// <param name="isAtOnce">True when a version 1 peer is waiting for it.</param>
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
        // Jitter keeps members that started together from beating in step.
        _due = _table.Now + _pace.Renewal(size) * (0.75 + Chance.Random.NextDouble() / 2);
        _ownRounds = RoundsTold;
        return _own = _heartbeat.Next();
    }

    /// <summary>This node's latest statement about itself.</summary>
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
