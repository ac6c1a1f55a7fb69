using System.Runtime;

namespace Meshara.Lab.Load;

/// <summary>Resources that this process has used since it started.</summary>
internal readonly record struct ProcessUse(TimeSpan Cpu, long Allocated, int Collections, TimeSpan Pauses, long CompiledMethods)
{
    public static ProcessUse Now() => new(
        Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(precise: true),
        Enumerable.Range(0, GC.MaxGeneration + 1).Sum(GC.CollectionCount), GC.GetTotalPauseDuration(), JitInfo.GetCompiledMethodCount());
}
