
using Meshara.Harness.Nodes;

namespace Meshara.Lab.Drills;

/// <summary>
/// Compares the books with the inboxes. A message is known by its text, which no other message of the drill has, so that
/// one that was delivered twice is found even if it came under two ids.
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

    /// <summary>The messages of the drill.</summary>
    public IReadOnlyList<LedgerEntry> Entries { get; }

    /// <summary>Accepted messages found in their recipient's inbox.</summary>
    public int Delivered => _deliveries.Keys.Count(entry => entry.State == LedgerState.Accepted);

    /// <summary>Messages without an answer that were delivered.</summary>
    public int UnknownDelivered => _deliveries.Keys.Count(entry => entry.State == LedgerState.Unknown);

    /// <summary>Accepted messages that are not where they should be, the expired among them.</summary>
    public IReadOnlyList<LedgerEntry> Missing =>
        [.. Entries.Where(entry => entry.State == LedgerState.Accepted && !_deliveries.ContainsKey(entry))];

    /// <summary>Ids of messages found once too often, as often as that.</summary>
    public IReadOnlyList<string> Duplicates => _duplicates;

    /// <summary>Ids of messages that were refused, or delivered to the wrong node, from the wrong sender or under another id.</summary>
    public IReadOnlyList<string> Strays => _strays;

    /// <summary>Compares.</summary>
    /// <param name="ledger">The books, at rest.</param>
    /// <param name="inboxes">Every inbox from its beginning.</param>
    /// <param name="addressOf">The address of a node.</param>
    /// <param name="areClocksRight">
    /// False when the nodes' clocks cannot be asked when something arrived; the drill's own then says when it was seen, up to half a second later.
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

    /// <summary>When a message was in its recipient's inbox; null when it is not.</summary>
    public DateTimeOffset? DeliveredAt(LedgerEntry entry) => _deliveries.TryGetValue(entry, out var at) ? at : null;

    /// <summary>How the mesh recovered from a fault that was healed at a time.</summary>
    public Recovery RecoveryFrom(DateTimeOffset healedAt, IReadOnlySet<LedgerEntry> expired)
    {
        ArgumentNullException.ThrowIfNull(expired);
        var backlog = Entries
            .Where(entry => entry.State == LedgerState.Accepted && entry.AcceptedAt <= healedAt && !expired.Contains(entry)
                && !(DeliveredAt(entry) <= healedAt))
            .ToList();
        // A message that never came is later than all others.
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
