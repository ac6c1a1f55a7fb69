using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Routing;

/// <summary>
/// The distributed hash table of peer records: answers FIND_NODE and STORE, and runs iterative lookups as in Maymounkov and
/// Mazières, "Kademlia" (2002), section 2.3.
/// </summary>
internal sealed partial class Dht(
    NodeIdentity identity, LocalRecord self, Swarm swarm, RoutingTable table, PeerBook book,
    IOptions<RoutingOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Dht> logger)
{
    // How long a round waits for answers (enough for a dial and a query at 200 ms round trip), and the limit for a whole
    // lookup.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookupLimit = TimeSpan.FromSeconds(15);

    // Records that peers at one address may store in ten seconds: as many as ten peers may.
    private const int MaxRecordsFromNetwork = 100;

    // At most this many of this node's own records from before its start can be ahead of its newest one.
    private const int MaxAhead = 3;

    private readonly RoutingOptions _options = options.Value;
    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly AddressLimits _recordsFrom = new(MaxRecordsFromNetwork, time);
    private int _ahead;

    private static readonly Predicate<Lookup> HasFound = static lookup => lookup.HasFound;

    /// <summary>Adds a record to the book and the table.</summary>
    /// <param name="record">A verified record.</param>
    /// <param name="source">The peer that sent it; the owner itself if it came first-hand.</param>
    public void Learn(PeerRecord record, Source source)
    {
        if (record.Address == identity.Address)
        {
            OnOwnRecord(record);
            return;
        }
        book.Add(record, source);
        table.Add(record, seen: source.Peer == record.Address);
    }

    /// <summary>
    /// Handles a record of this node that is ahead of its current one. It was made before a restart by a clock that was ahead,
    /// which happens only a few times; or by another program with the same identity, which keeps happening, as each side moves
    /// on from the other's sequence.
    /// </summary>
    private void OnOwnRecord(PeerRecord record)
    {
        if (swarm.Clones.Own > 0 || !self.MoveOn(record.Sequence) || Interlocked.Increment(ref _ahead) < MaxAhead)
            return;
        Interlocked.Exchange(ref _ahead, 0);
        swarm.Clones.NoteOwn("a record of it");
    }

    /// <summary>
    /// Verifies a record from a peer. A peer's own record always counts as fresh. For others, the majority of the mesh's clocks
    /// decides about expiry, or the clock of the only peer.
    /// </summary>
    public bool TryVerify(Protocol.Wire.PeerRecord? wire, NodeAddress teller, [NotNullWhen(true)] out PeerRecord? record)
    {
        var steady = _clock.Steady;
        if (PeerRecord.TryVerifyOwn(wire, teller, steady, out record))
            return true;
        var now = _clock.MajorityUtcNow;
        if (!PeerRecord.TryVerify(wire, now, out record))
        {
            if (_clock.Peers.LoneLead is null)
                return false;
            now = _clock.MeshUtcNow;
            if (!PeerRecord.TryVerify(wire, now, out record))
                return false;
        }
        record = record.Until(steady + (record.Expires - now));
        return true;
    }

    /// <summary>Tells a peer that is turned away about other nodes it can connect to.</summary>
    public Frame Refer(PeerConnection connection)
    {
        var others = new FoundNodes();
        var closest = table.Closest(connection.Record.Id, _options.BucketSize);
        others.Records.AddRange(closest.Where(record => record.Address != connection.Peer).Select(record => record.Wire));
        return new Frame { FoundNodes = others };
    }

    /// <summary>Handles FIND_NODE, STORE, and unsolicited FOUND_NODES, in which a peer without room refers to others.</summary>
    public void Handle(PeerConnection connection, Frame frame)
    {
        telemetry.Received(Tags.Dht);
        if (frame.BodyCase == Frame.BodyOneofCase.StoreRecord)
        {
            // A node may store only its own record: strangers must not fill this node's memory.
            if (!MaySendRecord(connection))
                telemetry.Dropped(DropReason.RateLimited);
            else if (PeerRecord.TryVerifyOwn(frame.StoreRecord.Record, connection.Peer, _clock.Steady, out var record))
            {
                connection.Update(record);
                Learn(record, connection.Source);
            }
            return;
        }
        if (frame.BodyCase == Frame.BodyOneofCase.FoundNodes)
        {
            if (connection.MayRefer())
                Learn(frame.FoundNodes, connection.Source);
            else
                telemetry.Dropped(DropReason.RateLimited);
            return;
        }
        if (frame.FindNode.Target.Length != NodeId.Size)
            throw new MesharaException(ErrorCodes.Protocol, "A lookup's target has a wrong length.");
        var target = new NodeId(frame.FindNode.Target.Span);
        var found = new FoundNodes();
        if (target == identity.Id)
            found.Records.Add(self.Current.Wire);
        else if (book.TryGet(target, out var exact))
            found.Records.Add(exact.Wire);
        found.Records.AddRange(table.Closest(target, _options.BucketSize).Where(record => record.Id != target && record.Address != connection.Peer).Select(record => record.Wire));
        telemetry.Sent(Tags.Dht);
        connection.TrySendUrgent(new Frame { Correlation = frame.Correlation, FoundNodes = found });
    }

    private bool MaySendRecord(PeerConnection connection) =>
        connection.MaySendRecord() && (connection.AddressGroup is not { } network || _recordsFrom.TryBegin(network));

    /// <summary>The record of a node, from the book or by a lookup (span <c>dht_lookup</c>). Null if nobody knows it.</summary>
    public async Task<PeerRecord?> FindAsync(NodeAddress address, ActivityContext trace, CancellationToken cancellationToken)
    {
        var id = NodeId.Of(address);
        if (book.TryGet(id, out var known))
            return known;
        await LookupAsync(id, HasFound, trace, cancellationToken);
        return book.TryGet(id, out known) ? known : null;
    }

    /// <summary>Looks a record up even if one is known, because its owner may have moved.</summary>
    public async Task<PeerRecord?> RefreshAsync(NodeAddress address, ActivityContext trace, CancellationToken cancellationToken)
    {
        var id = NodeId.Of(address);
        await LookupAsync(id, null, trace, cancellationToken);
        return book.TryGet(id, out var known) ? known : null;
    }

    /// <summary>Looks a node up at other nodes, whatever this node knows of it.</summary>
    public Task<Lookup> SearchAsync(NodeAddress address, CancellationToken cancellationToken) =>
        LookupAsync(NodeId.Of(address), HasFound, default, cancellationToken);

    /// <summary>The nodes closest to an address that answer, closest first, excluding the node with that address.</summary>
    public async Task<IReadOnlyList<PeerRecord>> ClosestAsync(NodeAddress address, int count, CancellationToken cancellationToken)
    {
        var lookup = await LookupAsync(NodeId.Of(address), null, default, cancellationToken);
        return [.. lookup.Answered.Where(record => record.Address != address).Take(count)];
    }

    /// <summary>Stores this node's record at the k nodes closest to it.</summary>
    public async Task PublishAsync(CancellationToken cancellationToken)
    {
        var lookup = await LookupAsync(identity.Id, null, default, cancellationToken);
        foreach (var record in lookup.Answered)
        {
            if (!swarm.TryGet(record.Address, out var connection))
                continue; // the lookup failed to reach it
            telemetry.Sent(Tags.Dht);
            connection.TrySendUrgent(new Frame { StoreRecord = new StoreRecord { Record = self.Current.Wire } });
        }
    }

    /// <summary>
    /// Refreshes every bucket in the range that the table uses, as in section 2.3 of the paper: fills one that has room by a
    /// lookup in its range. Of a full one, the contacts that were not seen for longest are asked, so that those that are gone
    /// give up their place.
    /// </summary>
    /// <param name="isFirst">True if the table was filled just now, so that no contact can be out of date.</param>
    /// <param name="cancellationToken">Cancelled when the node stops.</param>
    public async Task RefreshTableAsync(bool isFirst, CancellationToken cancellationToken)
    {
        foreach (var bucket in table.BucketsToRefresh())
        {
            var target = identity.Id.RandomAtDistance(bucket, Chance.Random);
            if (!table.IsFull(bucket))
                await LookupAsync(target, _ => table.IsFull(bucket), default, cancellationToken);
            else if (!isFirst)
                await Task.WhenAll(table.LongestUnseen(bucket, _options.Parallelism).Select(contact => AskAsync(contact, target, cancellationToken)));
        }
    }

    /// <summary>
    /// Queries ever closer nodes, α at a time, until the k closest reachable ones have answered, <paramref name="isEnough"/>
    /// says so, or the time limit passes.
    /// </summary>
    private async Task<Lookup> LookupAsync(NodeId target, Predicate<Lookup>? isEnough, ActivityContext trace, CancellationToken cancellationToken)
    {
        using var span = trace == default
            ? telemetry.Begin(SpanNames.DhtLookup, ActivityKind.Internal, default, out _)
            : telemetry.Continue(SpanNames.DhtLookup, ActivityKind.Internal, trace);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var started = time.GetTimestamp();
        // Connected peers can be queried at once, and nobody can have made them up.
        var connected = swarm.Connections.Where(connection => connection.IsOpen).Select(connection => connection.Record)
            .OrderBy(record => record.Id, Comparer<NodeId>.Create(target.CompareDistance)).Take(_options.BucketSize);
        var known = table.Closest(target, _options.BucketSize).Concat(connected);
        var lookup = new Lookup(identity.Id, target, _options.BucketSize, _options.DisjointPaths, known);
        var pending = new List<Query>();
        try
        {
            while (time.GetElapsedTime(started) < LookupLimit && isEnough?.Invoke(lookup) != true
                && await AskNextAsync(lookup, target, pending, end.Token))
            {
                lookup.Rounds++;
            }
        }
        finally
        {
            end.Cancel(); // cancels the queries that are still pending
        }
        span?.SetTag("hops", lookup.Rounds).SetTag("contacted", lookup.Contacted);
        telemetry.Lookup(lookup.HasFound || isEnough != HasFound && lookup.Answered.Count > 0, time.GetElapsedTime(started), lookup.Rounds);
        return lookup;
    }

    /// <summary>
    /// One round: queries the α best candidates. Slow ones do not hold up the next round, unless nobody has answered yet.
    /// </summary>
    /// <param name="lookup">The state of the lookup.</param>
    /// <param name="target">The id searched for.</param>
    /// <param name="pending">Queries in flight; late answers still count.</param>
    /// <param name="cancellationToken">Cancelled when the lookup ends.</param>
    /// <returns>False if there is nobody left to ask.</returns>
    private async Task<bool> AskNextAsync(Lookup lookup, NodeId target, List<Query> pending, CancellationToken cancellationToken)
    {
        var asked = new List<Task>();
        while (asked.Count < _options.Parallelism && lookup.Next() is { } next)
        {
            pending.Add(new Query(next, AskAsync(next, target, cancellationToken)));
            asked.Add(pending[^1].Answer);
        }
        if (asked.Count == 0 && (pending.Count == 0 || lookup.Answered.Count > 0))
            return false;
        var enough = asked.Count > 0 ? Task.WhenAll(asked) : Task.WhenAny(pending.Select(query => query.Answer));
        // The delay is not cancelled with the lookup: the queries are, which ends the wait as soon, and does not continue on
        // another thread.
        await Task.WhenAny(enough, Task.Delay(Patience, time, CancellationToken.None));
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var query in pending)
        {
            if (query.Answer.IsCompleted && await query.Answer is { } named)
                lookup.OnAnswer(query.Asked, named);
            else
                lookup.OnFailed(query.Asked);
        }
        pending.RemoveAll(query => query.Answer.IsCompleted);
        return true;
    }

    private readonly record struct Query(PeerRecord Asked, Task<List<PeerRecord>?> Answer);

    /// <summary>Sends one FIND_NODE; null if the node cannot be reached or does not answer.</summary>
    private async Task<List<PeerRecord>?> AskAsync(PeerRecord record, NodeId target, CancellationToken cancellationToken)
    {
        try
        {
            if (!swarm.TryGet(record.Address, out var connection))
            {
                if (!swarm.MayDial(record))
                    return null;
                connection = await swarm.ConnectAsync(record, cancellationToken);
            }
            telemetry.Sent(Tags.Dht);
            var answer = await connection.RequestAsync(
                new Frame { FindNode = new FindNode { Target = UnsafeByteOperations.UnsafeWrap(target.ToBytes()) } }, cancellationToken);
            telemetry.Received(Tags.Dht);
            table.Succeed(record.Id);
            return Learn(answer.FoundNodes, connection.Source);
        }
        catch (MesharaException e)
        {
            table.Fail(record.Id);
            Log.QueryFailed(logger, record.Address, e.Message);
            return null;
        }
    }

    private List<PeerRecord> Learn(FoundNodes named, Source source)
    {
        var records = new List<PeerRecord>();
        foreach (var wire in named.Records.Take(_options.BucketSize + 1))
        {
            if (!TryVerify(wire, source.Peer, out var record))
                continue;
            Learn(record, source);
            records.Add(record);
        }
        return records;
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "QueryFailed", Level = LogLevel.Debug, Message = "A lookup query was not answered")]
        public static partial void QueryFailed(ILogger logger, NodeAddress peer, string cause);
    }
}
