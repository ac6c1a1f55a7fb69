using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Meshara.Lab.Fuzz;

/// <summary>
/// The map of edges that instrumented code counts into, as AFL defines it: a byte for each pair of consecutive branches, hashed. Two
/// executions are told apart by which edges they took, and roughly how often: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, or more times.
/// </summary>
internal sealed unsafe class Coverage : IDisposable
{
    private const int Size = 1 << 16;

    private readonly byte* _map = (byte*)NativeMemory.AlignedAlloc(Size, 64);
    private readonly byte[] _seen = new byte[Size];
    private readonly Action _forgetLast;

    public Coverage()
    {
        new Span<byte>(_map, Size).Clear();
        // By name, since SharpFuzz takes an assembly that refers to this one for instrumented, and the lab has a target to instrument.
        var trace = Assembly.Load("SharpFuzz.Common").GetType("SharpFuzz.Common.Trace", throwOnError: true)!;
        trace.GetField("SharedMem")!.SetValue(null, Pointer.Box(_map, typeof(byte*)));
        var last = Expression.Field(null, trace.GetField("PrevLocation")!);
        _forgetLast = Expression.Lambda<Action>(Expression.Assign(last, Expression.Constant(0))).Compile();
    }

    /// <summary>Edges taken by any execution so far.</summary>
    public int Edges { get; private set; }

    /// <summary>Forgets the last execution.</summary>
    public void Begin()
    {
        new Span<byte>(_map, Size).Clear();
        _forgetLast();
    }

    /// <summary>True if the execution since <see cref="Begin"/> took an edge, or took one more often, than all before.</summary>
    public bool IsNew()
    {
        var isNew = false;
        var words = new ReadOnlySpan<ulong>(_map, Size / sizeof(ulong));
        for (var word = words.IndexOfAnyExcept(0UL); word >= 0;)
        {
            for (var at = word * sizeof(ulong); at < (word + 1) * sizeof(ulong); at++)
            {
                var bucket = Bucket(_map[at]);
                if ((bucket & ~_seen[at]) == 0)
                    continue;
                if (_seen[at] == 0)
                    Edges++;
                _seen[at] |= bucket;
                isNew = true;
            }
            var next = words[(word + 1)..].IndexOfAnyExcept(0UL);
            word = next < 0 ? -1 : word + 1 + next;
        }
        return isNew;
    }

    public void Dispose() => NativeMemory.AlignedFree(_map);

    private static byte Bucket(byte count) => count switch
    {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };
}
