using Meshara.AppHost.Traffic;
using Meshara.Harness.Nodes;
using Meshara.Harness.Traffic;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Stack.Local;

public sealed class TrafficLedgerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly TrafficLedger _ledger;

    public TrafficLedgerTests() => _ledger = new TrafficLedger("run-a", _time);

    [Fact]
    public void A_message_is_delivered_when_it_is_seen_in_its_recipients_inbox()
    {
        var entry = _ledger.Send(recipient: 2);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        _ledger.Arrived(3, Private(entry.Text));
        Assert.Equal((1, 0), (_ledger.Count().Sent, _ledger.Count().Delivered));

        _ledger.Arrived(2, Private(entry.Text));
        _ledger.Answered(entry, Acceptance.Accepted);

        var counts = _ledger.CountFinally();
        Assert.Equal((1, 1, 0), (counts.Sent, counts.Delivered, counts.Failed));
        Assert.InRange(counts.P50Ms!.Value, 20 * 0.99, 20 * 1.01);
        Assert.Equal(counts.P50Ms, counts.P99Ms);
    }

    [Fact]
    public void A_second_sight_of_a_message_does_not_count()
    {
        var entry = _ledger.Send(2);
        _ledger.Arrived(2, Private(entry.Text));
        _ledger.Arrived(2, Private(entry.Text));

        Assert.Equal(1, _ledger.Count().Delivered);
    }

    [Fact]
    public void Messages_of_other_runs_and_of_other_people_do_not_count()
    {
        var other = new TrafficLedger("run-b", _time).Send(2);
        _ledger.Send(2);
        _ledger.Arrived(2, Private(other.Text));
        _ledger.Arrived(2, Private("hello"));
        _ledger.Arrived(2, Private("meshara run run-a message 1x"));
        _ledger.Arrived(2, Private(null));

        Assert.Equal(0, _ledger.Count().Delivered);
    }

    [Fact]
    public void A_refused_message_has_failed_and_one_without_an_answer_has_until_it_arrives()
    {
        _ledger.Answered(_ledger.Send(2), Acceptance.Refused);
        var unclear = _ledger.Send(2);
        _ledger.Answered(unclear, Acceptance.Unknown);
        Assert.Equal(2, _ledger.Count().Failed);

        _ledger.Arrived(2, Private(unclear.Text));

        Assert.Equal((1, 1), (_ledger.Count().Failed, _ledger.CountFinally().Failed));
    }

    [Fact]
    public void What_never_arrived_has_failed_at_the_end()
    {
        _ledger.Answered(_ledger.Send(2), Acceptance.Accepted);

        Assert.Equal(0, _ledger.Count().Failed);
        Assert.Equal(1, _ledger.CountFinally().Failed);
    }

    [Fact]
    public void Coverage_is_the_share_of_the_recipients_that_got_a_broadcast()
    {
        var first = _ledger.Broadcast([1, 2, 3]);
        var second = _ledger.Broadcast([1, 2]);
        foreach (var node in (int[])[1, 2, 2, 4])
            _ledger.Arrived(node, new InboxArrival("1", IsBroadcast: true, first.Text));
        _ledger.Arrived(1, new InboxArrival("1", IsBroadcast: true, second.Text));
        _ledger.Arrived(2, Private(second.Text));

        var counts = _ledger.Count();
        Assert.Equal((2, 3 / 5d), (counts.Broadcasts, counts.BroadcastCoverage!.Value));
        Assert.Equal(0, counts.Sent);
    }

    [Fact]
    public void The_books_settle_when_they_are_closed_and_everything_has_arrived()
    {
        var message = _ledger.Send(2);
        var broadcast = _ledger.Broadcast([1, 2]);
        _ledger.Arrived(2, Private(message.Text));
        _ledger.Arrived(1, new InboxArrival("1", true, broadcast.Text));
        _ledger.Close();
        Assert.False(_ledger.Settled.IsCompleted);

        _ledger.Arrived(2, new InboxArrival("1", true, broadcast.Text));

        Assert.True(_ledger.Settled.IsCompleted);
    }

    [Fact]
    public void A_node_that_is_gone_is_not_waited_for_and_its_messages_have_failed()
    {
        _ledger.Send(2);
        _ledger.Broadcast([2]);
        _ledger.Close();

        _ledger.Gone(2, asked: false);

        Assert.True(_ledger.Settled.IsCompleted);
        Assert.Equal((1, 0d), (_ledger.Count().Failed, _ledger.Count().BroadcastCoverage!.Value));
    }

    [Fact]
    public void What_was_under_way_to_a_node_that_was_told_to_stop_leaves_the_books()
    {
        _ledger.Send(2);
        _ledger.Arrived(1, new InboxArrival("1", IsBroadcast: true, _ledger.Broadcast([1, 2]).Text));
        _ledger.Close();

        _ledger.Gone(2, asked: true);

        Assert.True(_ledger.Settled.IsCompleted);
        Assert.Equal(new TrafficCounts(0, 0, 0, null, null, 1, 1), _ledger.CountFinally());
    }

    [Fact]
    public void What_is_withdrawn_was_never_sent()
    {
        _ledger.Withdraw(_ledger.Send(2));
        _ledger.Withdraw(_ledger.Broadcast([1, 2]));

        Assert.Equal(new TrafficCounts(0, 0, 0, null, null, 0, null), _ledger.CountFinally());
    }

    [Fact]
    public void The_report_has_the_names_that_programs_read()
    {
        var report = TrafficReport.Of(5, new TrafficCounts(10, 9, 1, 1.23456, 9.87654, 2, 0.75), TimeSpan.FromSeconds(30));

        Assert.Equal(
            """{"nodes":5,"sent":10,"delivered":9,"failed":1,"p50_ms":1.235,"p99_ms":9.877,"broadcasts":2,"broadcast_coverage":0.75,"seconds":30}""",
            System.Text.Json.Nodes.JsonNode.Parse(report.ToJson())!.ToJsonString());
    }

    [Fact]
    public void The_status_line_says_how_the_mesh_fares()
    {
        var counts = new TrafficCounts(600, 599, 1, 2.14, 8.35, 6, 0.9999);

        Assert.Equal(
            "00:01:12  sent 600  delivered 599  failed 1  p50 2.1 ms  p99 8.4 ms  broadcasts 6 (99.9 %)  peers 3-4",
            StatusLine.Format(TimeSpan.FromSeconds(72), counts, [4, 3, 4]));
        Assert.Equal(
            "00:00:01  sent 0  delivered 0  failed 0  p50 -  p99 -  broadcasts 0 (-)  peers -",
            StatusLine.Format(TimeSpan.FromSeconds(1), new TrafficCounts(0, 0, 0, null, null, 0, null), []));
    }

    private static InboxArrival Private(string? text) => new("1", IsBroadcast: false, text);
}
