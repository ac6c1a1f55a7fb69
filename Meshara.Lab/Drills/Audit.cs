
using Meshara.Harness.Nodes;

namespace Meshara.Lab.Drills;

/// <summary>
/// Compares the ledger with the inboxes. Messages are identified by their text, which is unique within the drill, so that a message
/// delivered twice is found even under two ids.
/// </summary>
internal sealed class Audit
{
    private readonly Dictionary<LedgerEntry, DateTimeOffset> _deliveries = [];
    private readonly List<string> _duplicates = [];
    private readonly List<string> _strays = [];
    private readonly bool _areClocksRight;

    private Audit(IReadOnlyList<LedgerEntry> entries, bool areClocksRight)
    {
        Entries = entries;
        _areClocksRight = areClocksRight;
    }

    /// <summary>All messages of the drill.</summary>
    public IReadOnlyList<LedgerEntry> Entries { get; }

    /// <summary>Number of accepted messages found in their recipient's inbox.</summary>
    public int Delivered => _deliveries.Keys.Count(entry => entry.State == LedgerState.Accepted);

    /// <summary>Number of delivered messages for which the sender's node gave no answer.</summary>
    public int UnknownDelivered => _deliveries.Keys.Count(entry => entry.State == LedgerState.Unknown);

    /// <summary>Accepted messages that are not in their recipient's inbox, including expired ones.</summary>
    public IReadOnlyList<LedgerEntry> Missing =>
        [.. Entries.Where(entry => entry.State == LedgerState.Accepted && !_deliveries.ContainsKey(entry))];

    /// <summary>Ids of messages found more than once, one entry per extra copy.</summary>
    public IReadOnlyList<string> Duplicates => _duplicates;

    /// <summary>Ids of messages that were refused, or delivered to the wrong node, from the wrong sender or under another id.</summary>
    public IReadOnlyList<string> Strays => _strays;

    /// <summary>Compares the ledger with the inboxes.</summary>
    /// <param name="ledger">The ledger; no more entries are added.</param>
    /// <param name="inboxes">The full content of every inbox.</param>
    /// <param name="addressOf">Returns the address of a node.</param>
    /// <param name="areClocksRight">
    /// False if the nodes' clocks are wrong. Arrival times then come from the drill's clock, up to half a second late.
    /// </param>
    public static Audit Of(DrillLedger ledger, IEnumerable<InboxContent> inboxes, Func<int, string> addressOf, bool areClocksRight = true)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(inboxes);
        var audit = new Audit(ledger.Entries, areClocksRight);
        foreach (var inbox in inboxes)
        {
            foreach (var message in inbox.Messages)
            {
                if (ledger.Find(message.Text) is { } entry)
                    audit.Enter(entry, inbox.Node, message, addressOf(entry.Sender));
            }
        }

        return audit;
    }

    /// <summary>When a message arrived in its recipient's inbox; null if it did not.</summary>
    public DateTimeOffset? DeliveredAt(LedgerEntry entry) => _deliveries.TryGetValue(entry, out var at) ? at : null;

    /// <summary>How the mesh recovered from a fault that was healed at <paramref name="healedAt"/>.</summary>
    public Recovery RecoveryFrom(DateTimeOffset healedAt, IReadOnlySet<LedgerEntry> expired)
    {
        ArgumentNullException.ThrowIfNull(expired);
        var backlog = Entries
            .Where(entry => entry.State == LedgerState.Accepted && entry.AcceptedAt <= healedAt && !expired.Contains(entry)
                && !(DeliveredAt(entry) <= healedAt))
            .ToList();
        // A message that never arrived counts as later than all others.
        var last = backlog.MaxBy(entry => DeliveredAt(entry) ?? DateTimeOffset.MaxValue);
        return new Recovery(backlog.Count, last is null ? TimeSpan.Zero : DeliveredAt(last) - healedAt, last);
    }

    private void Enter(LedgerEntry entry, int node, InboxRecord message, string sender)
    {
        if (node != entry.Recipient || message.From != sender || entry.State is LedgerState.Refused or LedgerState.Open
            || (entry.Id is { } id && id != message.Id))
            _strays.Add(message.Id);
        else if (!_deliveries.TryAdd(entry, _areClocksRight ? message.ReceivedAt : entry.SightedAt!.Value))
            _duplicates.Add(message.Id);
    }
}
