using System.Net;
using Meshara.Harness.Nodes;
using Meshara.Lab.Drills;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Faults;

/// <summary>The audit at the end of a drill must detect errors, or no drill proves anything.</summary>
public sealed class AuditTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly DrillLedger _ledger;
    private readonly Dictionary<int, List<InboxRecord>> _inboxes = new() { [1] = [], [2] = [], [3] = [] };

    public AuditTests() => _ledger = new DrillLedger("audit", _time);

    [Fact]
    public void A_message_in_its_recipients_inbox_is_delivered()
    {
        Deliver(Accepted("a"));

        var audit = Count();
        Assert.Equal(1, audit.Delivered);
        Assert.Empty(audit.Missing);
        Assert.Empty(audit.Duplicates);
        Assert.Empty(audit.Strays);
    }

    [Fact]
    public void A_message_in_no_inbox_is_missing()
    {
        Deliver(Accepted("a"));
        var missing = Accepted("b");

        Assert.Equal([missing], Count().Missing);
    }

    [Fact]
    public void A_message_that_is_there_twice_is_doubled_and_not_delivered_twice()
    {
        var entry = Accepted("a");
        Deliver(entry);
        Deliver(entry);
        Deliver(entry);

        var audit = Count();
        Assert.Equal((1, 2), (audit.Delivered, audit.Duplicates.Count));
        Assert.Equal(["a", "a"], audit.Duplicates);
    }

    [Fact]
    public void A_message_without_an_answer_may_be_there_or_not_but_not_twice()
    {
        Unanswered();
        Deliver(Unanswered(), id: "x");
        var doubled = Unanswered();
        Deliver(doubled, id: "y");
        Deliver(doubled, id: "y");

        var audit = Count();
        Assert.Equal((0, 2), (audit.Delivered, audit.UnknownDelivered));
        Assert.Empty(audit.Missing);
        Assert.Equal(["y"], audit.Duplicates);
        Assert.Equal(3, _ledger.Count().Unknown);
    }

    [Fact]
    public void A_refused_message_must_not_arrive()
    {
        var entry = _ledger.Begin(1, 2);
        _ledger.Answered(entry, new SendAnswer(Acceptance.Refused) { Status = HttpStatusCode.TooManyRequests });
        Deliver(entry, id: "r");

        Assert.Equal(["r"], Count().Strays);
        Assert.Equal(1, _ledger.Refusals["429"]);
    }

    [Theory]
    [InlineData(3, "a", "address-1")]
    [InlineData(2, "other", "address-1")]
    [InlineData(2, "a", "address-3")]
    public void A_message_at_the_wrong_node_under_another_id_or_from_another_sender_is_astray(int node, string id, string from)
    {
        var entry = Accepted("a");
        _inboxes[node].Add(new InboxRecord(id, from, _time.GetUtcNow(), entry.Text));

        var audit = Count();
        Assert.Equal([id], audit.Strays);
        Assert.Equal([entry], audit.Missing);
    }

    [Fact]
    public void What_is_not_of_this_drill_does_not_count()
    {
        _inboxes[2].Add(new InboxRecord("z", "address-1", _time.GetUtcNow(), "meshara run other message 0"));
        _inboxes[2].Add(new InboxRecord("z", "address-1", _time.GetUtcNow(), null));

        var audit = Count();
        Assert.Empty(audit.Strays);
        Assert.Empty(audit.Duplicates);
    }

    [Fact]
    public void Recovery_lasts_until_the_last_message_that_was_waiting()
    {
        var before = Accepted("before");
        Deliver(before);
        var (first, last) = (Accepted("first"), Accepted("last"));
        _time.Advance(TimeSpan.FromSeconds(10));
        var healed = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromSeconds(1));
        Deliver(first);
        _time.Advance(TimeSpan.FromSeconds(1));
        Deliver(last);
        var after = Accepted("after");
        _time.Advance(TimeSpan.FromSeconds(5));
        Deliver(after);

        Assert.Equal(new Recovery(2, TimeSpan.FromSeconds(2), last), Count().RecoveryFrom(healed, new HashSet<LedgerEntry>()));
    }

    [Fact]
    public void Where_clocks_are_wrong_a_message_was_delivered_when_the_drill_saw_it()
    {
        var entry = Accepted("a");
        var healed = _time.GetUtcNow();
        _inboxes[2].Add(new InboxRecord("a", "address-1", healed.AddHours(1), entry.Text));
        _time.Advance(TimeSpan.FromSeconds(3));
        _ledger.Sighted(2, entry.Text);
        _time.Advance(TimeSpan.FromSeconds(3));
        _ledger.Sighted(2, entry.Text);

        var recovery = Count(areClocksRight: false).RecoveryFrom(healed, new HashSet<LedgerEntry>());
        Assert.Equal(new Recovery(1, TimeSpan.FromSeconds(3), entry), recovery);
    }

    [Fact]
    public void There_is_no_recovery_while_one_is_missing_unless_it_expired()
    {
        var missing = Accepted("missing");
        Deliver(Accepted("there"));

        var healed = _time.GetUtcNow();
        Assert.Equal(new Recovery(1, null, missing), Count().RecoveryFrom(healed, new HashSet<LedgerEntry>()));
        Assert.Equal(new Recovery(0, TimeSpan.Zero, null), Count().RecoveryFrom(healed, new HashSet<LedgerEntry> { missing }));
    }

    private LedgerEntry Accepted(string id)
    {
        var entry = _ledger.Begin(1, 2);
        _ledger.Answered(entry, new SendAnswer(Acceptance.Accepted) { Status = HttpStatusCode.Accepted, Id = id });
        return entry;
    }

    private LedgerEntry Unanswered()
    {
        var entry = _ledger.Begin(1, 2);
        _ledger.Answered(entry, new SendAnswer(Acceptance.Unknown));
        return entry;
    }

    private void Deliver(LedgerEntry entry, string? id = null) =>
        _inboxes[entry.Recipient].Add(new InboxRecord(id ?? entry.Id!, "address-1", _time.GetUtcNow(), entry.Text));

    private Audit Count(bool areClocksRight = true) =>
        Audit.Of(_ledger, _inboxes.Select(inbox => new InboxContent(inbox.Key, inbox.Value)), node => $"address-{node}", areClocksRight);
}
