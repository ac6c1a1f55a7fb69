using System.Diagnostics;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Routing;

/// <summary>
/// The distributed hash table of peer records: answers FIND_NODE and STORE, and runs iterative lookups as in
/// Maymounkov and Mazières, "Kademlia" (2002), section 2.3.
/// </summary>
internal sealed partial class Dht(
    NodeIdentity identity, LocalRecord self, Swarm swarm, RoutingTable table, PeerBook book,
    IOptions<RoutingOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Dht> logger)
{
    private readonly RoutingOptions _options = options.Value;

    /// <summary>Takes in a record heard at first hand (<paramref name="seen"/>) or from another node.</summary>
    public void Learn(PeerRecord record, bool seen)
    {
        if (record.Address == identity.Address)
            return;
        book.Add(record);
        table.Add(record, seen);
    }

    /// <summary>Handles FIND_NODE and STORE.</summary>
    public void Handle(PeerConnection connection, Frame frame)
    {
        telemetry.Received(Tags.Dht);
        if (frame.BodyCase == Frame.BodyOneofCase.StoreRecord)
        {
            if (PeerRecord.TryVerify(frame.StoreRecord.Record, time.GetUtcNow(), out var record))
            {
                connection.Update(record);
                Learn(record, seen: record.Address == connection.Peer);
            }
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

    /// <summary>The record of a node: from the book, or by a lookup (span <c>dht_lookup</c>). Null when nobody knows it.</summary>
    public async Task<PeerRecord?> FindAsync(NodeAddress address, ActivityContext trace, CancellationToken cancellationToken)
    {
        var id = NodeId.Of(address);
        if (book.TryGet(id, out var known))
            return known;
        await LookupAsync(id, stopWhenFound: true, trace, cancellationToken);
        return book.TryGet(id, out known) ? known : null;
    }

    /// <summary>Looks a record up even if one is known: its owner may have moved.</summary>
    public async Task<PeerRecord?> RefreshAsync(NodeAddress address, ActivityContext trace, CancellationToken cancellationToken)
    {
        var id = NodeId.Of(address);
        await LookupAsync(id, stopWhenFound: false, trace, cancellationToken);
        return book.TryGet(id, out var known) ? known : null;
    }

    /// <summary>The nodes closest to an address that answer, closest first, the node itself left out.</summary>
    public async Task<IReadOnlyList<PeerRecord>> ClosestAsync(NodeAddress address, int count, CancellationToken cancellationToken)
    {
        var closest = await LookupAsync(NodeId.Of(address), stopWhenFound: false, default, cancellationToken);
        return [.. closest.Where(record => record.Address != address).Take(count)];
    }

    /// <summary>Stores this node's record at the k nodes closest to it.</summary>
    public async Task PublishAsync(CancellationToken cancellationToken)
    {
        var closest = await LookupAsync(identity.Id, stopWhenFound: false, default, cancellationToken);
        foreach (var record in closest)
        {
            if (!swarm.TryGet(record.Address, out var connection))
                continue; // the lookup has just failed to reach it
            telemetry.Sent(Tags.Dht);
            connection.TrySendUrgent(new Frame { StoreRecord = new StoreRecord { Record = self.Current.Wire } });
        }
    }

    /// <summary>Looks at every part of the key space that the table knows of.</summary>
    public async Task RefreshTableAsync(CancellationToken cancellationToken)
    {
        foreach (var bucket in table.BucketsToRefresh())
            await LookupAsync(identity.Id.RandomAtDistance(bucket, Random.Shared), stopWhenFound: false, default, cancellationToken);
    }

    /// <summary>
    /// Asks ever closer nodes, α at a time, until the k closest that answered are known (or the target's own record is).
    /// </summary>
    private async Task<List<PeerRecord>> LookupAsync(NodeId target, bool stopWhenFound, ActivityContext trace, CancellationToken cancellationToken)
    {
        using var span = trace == default
            ? telemetry.Begin(SpanNames.DhtLookup, ActivityKind.Internal, default, out _)
            : telemetry.Continue(SpanNames.DhtLookup, ActivityKind.Internal, trace);
        var started = time.GetTimestamp();
        var candidates = table.Closest(target, _options.BucketSize);
        var asked = new HashSet<NodeAddress> { identity.Address };
        var answered = new List<PeerRecord>();
        var rounds = 0;
        var found = false;
        while (!(found && stopWhenFound))
        {
            var next = candidates.Where(record => asked.Add(record.Address)).Take(_options.Parallelism).ToList();
            if (next.Count == 0)
                break;
            rounds++;
            var answers = await Task.WhenAll(next.Select(record => AskAsync(record, target, cancellationToken)));
            for (var i = 0; i < answers.Length; i++)
            {
                if (answers[i] is not { } records)
                    continue;
                answered.Add(next[i]);
                foreach (var record in records)
                {
                    found |= record.Id == target;
                    if (!candidates.Exists(candidate => candidate.Id == record.Id))
                        candidates.Add(record);
                }
            }
            candidates = [.. candidates.OrderBy(record => record.Id, Comparer<NodeId>.Create(target.CompareDistance)).Take(_options.BucketSize)];
        }
        span?.SetTag("hops", rounds).SetTag("contacted", asked.Count - 1);
        telemetry.Lookup(found || !stopWhenFound && answered.Count > 0, time.GetElapsedTime(started), rounds);
        answered.Sort((left, right) => target.CompareDistance(left.Id, right.Id));
        return answered.Count > _options.BucketSize ? answered[.._options.BucketSize] : answered;
    }

    /// <summary>One FIND_NODE; null when the node cannot be reached or does not answer.</summary>
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
            var now = time.GetUtcNow();
            var records = new List<PeerRecord>();
            foreach (var wire in answer.FoundNodes.Records.Take(_options.BucketSize + 1))
            {
                if (!PeerRecord.TryVerify(wire, now, out var found))
                    continue;
                Learn(found, seen: false);
                records.Add(found);
            }
            return records;
        }
        catch (MesharaException e)
        {
            table.Fail(record.Id);
            Log.QueryFailed(logger, record.Address, e.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "QueryFailed", Level = LogLevel.Debug, Message = "A lookup query was not answered")]
        public static partial void QueryFailed(ILogger logger, NodeAddress peer, string cause);
    }
}
