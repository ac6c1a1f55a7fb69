using System.Diagnostics;
using System.Security.Cryptography;

namespace Meshara.Lab.Fuzz;

/// <summary>
/// The engine inside the process: runs a target on changed inputs, and keeps those that take new edges (as AFL does) to change them
/// further. A fork server would cost more than most of these parsers.
/// </summary>
internal sealed class FuzzLoop : IDisposable
{
    private const int MaxFindings = 10;
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(1);

    private readonly FuzzOptions _options;
    private readonly string _name;
    private readonly CurrentInput _current;
    private readonly Coverage _coverage = new();
    private readonly Action<byte[]> _run;
    private readonly byte[][] _seeds;
    private readonly Action _close;
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly List<byte[]> _corpus = [];
    private readonly Dictionary<string, Finding> _crashes = [];
    private readonly List<Finding> _hangs = [];
    private long _largest;
    private long _kept;
    private (long Heap, long WorkingSet) _warm;

    /// <param name="options">The options.</param>
    /// <param name="name">The target.</param>
    /// <param name="node">The instrumented node.</param>
    /// <param name="current">Where the input being parsed is noted.</param>
    public FuzzLoop(FuzzOptions options, string name, InstrumentedNode node, CurrentInput current)
    {
        (_options, _name, _current) = (options, name, current);
        (_run, _seeds, var words, var maxBytes, _close) = node.Open(name);
        _random = new Random(options.Seed);
        _mutator = new Mutator(_random, words, maxBytes);
    }

    /// <summary>Runs until the time is over.</summary>
    public TargetReport Run()
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var input in _seeds.Concat(Kept()))
            Try(input, keep: false);
        if (_corpus.Count == 0)
            _corpus.Add([]);
        var isWarm = false;
        while (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < _options.For && _current.Executions < _options.Executions)
        {
            if (!isWarm && (elapsed > _options.For / 10 || _current.Executions > _options.Executions / 10))
                (_warm, isWarm) = (Memory(), true);
            for (var i = 0; i < 100 && _current.Executions < _options.Executions; i++)
                Try(_mutator.Mutate(Pick(), _corpus[_random.Next(_corpus.Count)]), keep: true);
        }
        var memory = Memory();
        return new TargetReport
        {
            Target = _name,
            Engine = "in-process",
            Seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1),
            Executions = _current.Executions,
            Edges = _coverage.Edges,
            Corpus = _corpus.Count,
            Crashes = [.. _crashes.Values],
            Hangs = _hangs,
            LargestAllocationBytes = _largest,
            HeapGrowthBytes = isWarm ? memory.Heap - _warm.Heap : 0,
            WorkingSetGrowthBytes = isWarm ? memory.WorkingSet - _warm.WorkingSet : 0,
        };
    }

    public void Dispose()
    {
        _close();
        _coverage.Dispose();
    }

    /// <summary>Later inputs more often: they are where the last progress was.</summary>
    private byte[] Pick() => _corpus[Math.Max(_random.Next(_corpus.Count), _random.Next(_corpus.Count))];

    private void Try(byte[] input, bool keep)
    {
        _current.Set(input);
        _coverage.Begin();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        try
        {
            _run(input);
        }
        catch (Exception e)
        {
            // Every exception that a parser does not document is a finding.
            if (_crashes.Count < MaxFindings)
                _crashes.TryAdd(Place(e), new Finding(e.ToString(), Convert.ToBase64String(input)));
        }
        if (Stopwatch.GetElapsedTime(started) > Slow && _hangs.Count < MaxFindings && TakesLong(input) is { } second)
            _hangs.Add(new Finding($"{second.TotalSeconds:0.0} s", Convert.ToBase64String(input)));
        _largest = Math.Max(_largest, GC.GetAllocatedBytesForCurrentThread() - allocated);
        if (!_coverage.IsNew())
            return;
        _corpus.Add(input);
        _kept += input.Length + 32;
        if (keep && _options.Corpus is not null)
            Keep(input);
    }

    /// <summary>A busy machine may have been slow once.</summary>
    private TimeSpan? TakesLong(byte[] input)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            _run(input);
        }
        catch (Exception)
        {
            // Reported the first time.
        }
        return Stopwatch.GetElapsedTime(started) is var second && second > Slow ? second : null;
    }

    /// <summary>Where an exception comes from: two inputs that fail in the same place are one finding.</summary>
    private static string Place(Exception e)
    {
        var frames = new StackTrace(e).GetFrames().Select(frame => $"{frame.GetMethod()?.DeclaringType}.{frame.GetMethod()?.Name}");
        return $"{e.GetType()} {string.Join(' ', frames.Where(frame => frame.StartsWith("Meshara.", StringComparison.Ordinal)).Take(2))}";
    }

    private (long Heap, long WorkingSet) Memory()
    {
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        using var process = Process.GetCurrentProcess();
        return (heap - _kept, process.WorkingSet64);
    }

    private IEnumerable<byte[]> Kept() => _options.Corpus is { } corpus && Directory.Exists(Path.Combine(corpus, _name))
        ? Directory.EnumerateFiles(Path.Combine(corpus, _name)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)
        : [];

    private void Keep(byte[] input)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_options.Corpus!, _name)).FullName;
        File.WriteAllBytes(Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..16]), input);
    }
}
