using System.Diagnostics;
using Meshara.ServiceDefaults.Diagnostics;
using Meshara.Tests.Telemetry;

namespace Meshara.Tests.ServiceDefaults;

[Collection(ExportCollection.Name)]
public sealed class RecentTracesTests
{
    [Fact]
    public void The_newest_stay_and_a_failed_one_outlives_the_recent_ones()
    {
        using var traces = new RecentTraces(new DiagnosticsOptions { MaxTraces = 3 });
        var failed = End(traces, "first", span => span.SetStatus(ActivityStatusCode.Error, "broken"));
        var others = Enumerable.Range(0, 5).Select(i => End(traces, $"span-{i}")).ToList();

        Assert.Equal([others[4], others[3], others[2]], traces.Latest(TraceKind.Recent, 10).Select(trace => trace.TraceId));
        Assert.Equal([others[4]], traces.Latest(TraceKind.Recent, 1).Select(trace => trace.TraceId));
        var kept = Assert.Single(traces.Latest(TraceKind.Failed, 10));
        Assert.Equal((failed, true, false), (kept.TraceId, kept.HasFailed, kept.IsSlow));
        Assert.Equal((ActivityStatusCode.Error, "broken"), (kept.Spans.Single().Status, kept.Spans.Single().StatusDescription));
        Assert.Equal(4, traces.Find((_, _) => true, 10).Count);
    }

    [Fact]
    public void A_trace_with_a_long_span_is_slow()
    {
        using var traces = new RecentTraces(new DiagnosticsOptions { SlowerThan = TimeSpan.FromSeconds(1) });
        var start = DateTime.UtcNow;
        End(traces, "quick", span => span.SetStartTime(start).SetEndTime(start.AddMilliseconds(999)));
        var slow = End(traces, "slow", span => span.SetStartTime(start).SetEndTime(start.AddSeconds(1)));
        Assert.Equal([slow], traces.Latest(TraceKind.Slow, 10).Select(trace => trace.TraceId));
    }

    [Fact]
    public void Bytes_are_bounded_whatever_spans_carry()
    {
        using var traces = new RecentTraces(new DiagnosticsOptions { MaxTraces = 1000, MaxTraceBytes = 100_000 });
        var last = "";
        for (var i = 0; i < 1000; i++)
            last = End(traces, "large", span => span.SetTag("text", new string('x', 10_000)).SetStatus(ActivityStatusCode.Error));
        Assert.InRange(traces.Bytes, 1, 100_000);
        Assert.Equal(last, traces.Latest(TraceKind.Failed, 1).Single().TraceId);
        Assert.True(traces.Latest(TraceKind.Recent, 1000).Count < 1000);
    }

    [Fact]
    public void Spans_of_one_trace_are_bounded_and_counted()
    {
        using var traces = new RecentTraces(new DiagnosticsOptions { MaxSpansPerTrace = 2 });
        using var root = Start("root");
        for (var i = 0; i < 5; i++)
        {
            using var child = new Activity("child").SetParentId(root.TraceId, root.SpanId, ActivityTraceFlags.Recorded).Start();
            child.Stop();
            traces.OnEnd(child);
        }
        var trace = Assert.Single(traces.Latest(TraceKind.Recent, 10));
        Assert.Equal((2, 3), (trace.Spans.Count, trace.DroppedSpans));
        Assert.All(trace.Spans, span => Assert.Equal(root.SpanId.ToHexString(), span.ParentSpanId));
    }

    [Fact]
    public void Log_lines_are_bounded_by_number_and_by_bytes()
    {
        var logs = new RecentLogs(new DiagnosticsOptions { MaxLogs = 3, MaxLogBytes = 100 });
        for (var i = 0; i < 5; i++)
            logs.Add([(byte)i]);
        Assert.Equal([4, 3, 2], logs.Newest().Select(line => (int)line.Span[0]));
        logs.Add(new byte[99]);
        Assert.Equal([99, 1], logs.Newest().Select(line => line.Length));
        logs.Add(new byte[101]);
        Assert.Empty(logs.Newest());
    }

    private static Activity Start(string name)
    {
        Activity.Current = null;
        return new Activity(name) { ActivityTraceFlags = ActivityTraceFlags.Recorded }.SetIdFormat(ActivityIdFormat.W3C).Start();
    }

    private static string End(RecentTraces traces, string name, Action<Activity>? change = null)
    {
        using var span = Start(name);
        change?.Invoke(span);
        span.Stop();
        traces.OnEnd(span);
        return span.TraceId.ToHexString();
    }
}
