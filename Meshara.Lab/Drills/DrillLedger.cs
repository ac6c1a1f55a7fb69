using System.Globalization;
using Meshara.Harness.Nodes;
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Drills;

/// <summary>The ledger of a drill: every message handed to a node, the node's answer, and whether it arrived. Thread-safe.</summary>
/// <param name="run">Distinguishes the messages of this drill from all others.</param>
/// <param name="time">The clock.</param>
internal sealed class DrillLedger(string run, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly MessageTexts _texts = new(run);
    private readonly List<LedgerEntry> _entries = [];
    private readonly SortedDictionary<string, long> _refusals = new(StringComparer.Ordinal);
    private long _accepted;
    private long _sighted;
    private long _unknown;
    private long _unsent;

    /// <summary>All messages, by number; final once traffic has ended.</summary>
    public IReadOnlyList<LedgerEntry> Entries
    {
        get
        {
            lock (_gate)
                return [.. _entries];
        }
    }

    /// <summary>Number of refused messages by status code, or <c>unreachable</c>.</summary>
    public IReadOnlyDictionary<string, long> Refusals
    {
        get
        {
            lock (_gate)
                return new SortedDictionary<string, long>(_refusals, StringComparer.Ordinal);
        }
    }

    /// <summary>Records a message that is about to be handed over.</summary>
    public LedgerEntry Begin(int sender, int recipient)
    {
        lock (_gate)
        {
            var number = _entries.Count;
            var entry = new LedgerEntry(number, _texts.Of(number), sender, recipient) { BegunAt = time.GetUtcNow() };
            _entries.Add(entry);
            return entry;
        }
    }

    /// <summary>Records that a message was due but no node could take it.</summary>
    public void Unsent()
    {
        lock (_gate)
            _unsent++;
    }

    /// <summary>Records the answer of the sender's node.</summary>
    public void Answered(LedgerEntry entry, SendAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(answer);
        lock (_gate)
        {
            switch (answer)
            {
                case { Acceptance: Acceptance.Accepted, Id: { } id }:
                    entry.State = LedgerState.Accepted;
                    entry.Id = id;
                    entry.AcceptedAt = time.GetUtcNow();
                    _accepted++;
                    // The message may be seen in the inbox before this answer arrives.
                    _sighted += entry.IsSighted ? 1 : 0;
                    break;
                case { Acceptance: Acceptance.Refused }:
                    entry.State = LedgerState.Refused;
                    var reason = answer.Status is { } status ? ((int)status).ToString(CultureInfo.InvariantCulture) : "unreachable";
                    _refusals[reason] = _refusals.GetValueOrDefault(reason) + 1;
                    break;
                default:
                    entry.State = LedgerState.Unknown;
                    _unknown++;
                    break;
            }
        }
    }

    /// <summary>
    /// Messages that a node was handed and did not refuse, and that were not seen to arrive, including those not answered yet.
    /// </summary>
    public IReadOnlyList<LedgerEntry> Outstanding(int sender)
    {
        lock (_gate)
            return [.. _entries.Where(entry => entry.Sender == sender && !entry.IsSighted && entry.State is (LedgerState.Open or LedgerState.Accepted))];
    }

    /// <summary>Records a message seen in a node's inbox.</summary>
    public void Sighted(int node, string? text)
    {
        lock (_gate)
        {
            if (Find(text) is not { } entry || entry.Recipient != node || entry.IsSighted)
                return;
            entry.SightedAt = time.GetUtcNow();
            _sighted += entry.State == LedgerState.Accepted ? 1 : 0;
        }
    }

    /// <summary>The message with this text; null if it does not belong to this drill.</summary>
    public LedgerEntry? Find(string? text)
    {
        lock (_gate)
            return _texts.NumberOf(text) is { } number && number < _entries.Count ? _entries[(int)number] : null;
    }

    /// <summary>The counts so far.</summary>
    public LedgerCounts Count()
    {
        lock (_gate)
            return new LedgerCounts(_entries.Count, _accepted, _sighted, _refusals.Values.Sum(), _unknown, _unsent);
    }
}
