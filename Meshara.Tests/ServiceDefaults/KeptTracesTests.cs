using System.Diagnostics;
using Meshara.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Time.Testing;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Meshara.Tests.ServiceDefaults;

/// <summary>Which spans of unsampled traces are held, for how long, and which of them are exported.</summary>
public sealed class KeptTracesTests : IDisposable
{
    private readonly string _name = $"Meshara.Tests.{Guid.NewGuid():N}";
    private readonly FakeTimeProvider _time = new();
    private readonly List<Activity> _exported = [];
    private readonly List<IDisposable> _disposables = [];
    private readonly ActivitySource _source;

    public KeptTracesTests() => _disposables.Add(_source = new ActivitySource(_name));

    public void Dispose()
    {
        foreach (var one in Enumerable.Reverse(_disposables))
            one.Dispose();
    }

    [Fact]
    public void A_trace_that_fails_is_exported_with_what_ended_before_and_what_comes_after()
    {
        var kept = Start();
        var root = Begin("root");
        Child(root, "first").Dispose();
        Assert.Empty(_exported);

        var failing = Child(root, "second");
        failing.SetStatus(ActivityStatusCode.Error);
        failing.Dispose();
        Assert.Equal(["first", "second"], Exported());
        Child(root, "third").Dispose();
        root.Dispose();

        Assert.Equal(["first", "second", "third", "root"], Exported());
        Assert.All(_exported, span => Assert.True(span.Recorded));
        Assert.Equal((0, false), (kept.Spans, kept.Holds(root.TraceId)));
    }

    [Fact]
    public void A_quick_good_trace_is_forgotten()
    {
        var kept = Start();
        var root = Begin("root");
        Child(root, "child").Dispose();
        var late = Child(root, "ends after the root");
        root.Dispose();
        Assert.True(kept.Holds(root.TraceId));
        late.Dispose();

        Assert.Empty(_exported);
        Assert.Equal((0, false), (kept.Spans, kept.Holds(root.TraceId)));
    }

    [Fact]
    public void A_trace_is_exported_once_it_takes_too_long()
    {
        Start();
        var root = Begin("root");
        Child(root, "first").Dispose();
        _time.Advance(TimeSpan.FromSeconds(1));
        var second = Child(root, "second");
        Assert.True(root.Recorded); // measurements from now on have exemplars
        Assert.Equal(["first"], Exported());
        second.Dispose();
        root.Dispose();
        Assert.Equal(["first", "second", "root"], Exported());
    }

    [Fact]
    public void A_trace_in_which_nothing_happens_is_exported_when_it_is_too_old()
    {
        Start();
        var waiting = Begin("waiting");
        Child(waiting, "child").Dispose();
        _time.Advance(TimeSpan.FromSeconds(1));
        Begin("another").Dispose();
        Assert.Equal(["child"], Exported());
        waiting.Dispose();
        Assert.Equal(["child", "waiting"], Exported());
    }

    [Fact]
    public void No_more_are_exported_in_a_second_than_are_allowed()
    {
        Start(options => options.MaxKeptPerSecond = 2);
        for (var i = 0; i < 5; i++)
            Fail($"now {i}");
        Assert.Equal(["now 0", "now 1"], Exported());
        _time.Advance(TimeSpan.FromSeconds(1));
        Fail("later");
        Assert.Equal(["now 0", "now 1", "later"], Exported());
    }

    [Fact]
    public void The_oldest_are_given_up_when_there_is_no_room()
    {
        var kept = Start(options => options.MaxHeldBytes = 10 * 1024);
        var roots = new List<Activity>();
        while (kept.HasRoom)
        {
            roots.Add(Begin($"root {roots.Count}"));
            Child(roots[^1], $"child {roots.Count - 1}").Dispose();
        }
        Assert.Equal((10, 10), (roots.Count, kept.Spans)); // ended spans were dropped, oldest first; only open ones are left
        foreach (var root in roots)
        {
            root.SetStatus(ActivityStatusCode.Error);
            root.Dispose();
        }
        Assert.Empty(_exported);

        Assert.Equal((0, true), (kept.Spans, kept.HasRoom));
        Fail("later");
        Assert.Equal(["later"], Exported());
    }

    [Fact]
    public void What_the_sampler_chose_is_exported_as_ever()
    {
        var kept = Start(sampler: new AlwaysOnSampler());
        var root = Begin("root");
        Child(root, "child").Dispose();
        Assert.Equal((0, false), (kept.Spans, kept.Holds(root.TraceId)));
        root.Dispose();
        Assert.Equal(["child", "root"], Exported());
    }

    private KeptTraces Start(Action<TraceKeepingOptions>? configure = null, Sampler? sampler = null)
    {
        var options = new TraceKeepingOptions { KeepFailedAndSlow = true };
        configure?.Invoke(options);
        var kept = new KeptTraces(options, [_name], _time);
        _disposables.Add(Sdk.CreateTracerProviderBuilder()
            .AddSource(_name)
            .SetSampler(sampler ?? new ParentBasedSampler(new TraceIdRatioBasedSampler(0)))
            .AddProcessor(kept)
            .AddProcessor(kept.Feed(new SimpleActivityExportProcessor(new Collect(_exported))))
            .Build());
        return kept;
    }

    // A context without a span is not a parent. Without a context, the span begun last would be the parent.
    private Activity Begin(string name) => Assert.IsType<Activity>(
        _source.StartActivity(name, ActivityKind.Internal, new ActivityContext(ActivityTraceId.CreateRandom(), default, ActivityTraceFlags.None)));

    private Activity Child(Activity parent, string name) =>
        Assert.IsType<Activity>(_source.StartActivity(name, ActivityKind.Internal, parent.Context));

    private void Fail(string name)
    {
        var root = Begin(name);
        root.SetStatus(ActivityStatusCode.Error);
        root.Dispose();
    }

    private IEnumerable<string> Exported() => _exported.Select(span => span.OperationName);

    private sealed class Collect(List<Activity> exported) : BaseExporter<Activity>
    {
        public override ExportResult Export(in Batch<Activity> batch)
        {
            foreach (var span in batch)
                exported.Add(span);
            return ExportResult.Success;
        }
    }
}
