namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>This process's part of one trace.</summary>
/// <param name="TraceId">32 hexadecimal digits.</param>
/// <param name="IsSlow">One of its spans took at least <see cref="DiagnosticsOptions.SlowerThan"/>.</param>
/// <param name="HasFailed">One of its spans has status Error.</param>
/// <param name="Spans">Spans, in order of their start.</param>
/// <param name="DroppedSpans">Number of spans beyond <see cref="DiagnosticsOptions.MaxSpansPerTrace"/>.</param>
public sealed record RecordedTrace(string TraceId, bool IsSlow, bool HasFailed, IReadOnlyList<RecordedSpan> Spans, int DroppedSpans);
