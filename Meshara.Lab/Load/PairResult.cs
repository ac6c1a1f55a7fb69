namespace Meshara.Lab.Load;

/// <summary>The result of one measurement of a pair.</summary>
/// <param name="Messages">Messages sent, received and acknowledged.</param>
/// <param name="Elapsed">Time from the first acceptance to the last acknowledgment.</param>
/// <param name="Sender">Counts of the sender's process.</param>
/// <param name="Recipient">Counts of the recipient's process.</param>
internal sealed record PairResult(long Messages, TimeSpan Elapsed, NodeCount Sender, NodeCount Recipient)
{
    /// <summary>Messages per second, end to end.</summary>
    public double PerSecond => Messages / Elapsed.TotalSeconds;

    /// <summary>CPU time per message in both processes, in microseconds.</summary>
    public double CpuMicroseconds => (Sender.Cpu + Recipient.Cpu).TotalMicroseconds / Messages;

    /// <summary>Methods compiled by both processes during the measurement.</summary>
    public long CompiledMethods => Sender.CompiledMethods + Recipient.CompiledMethods;

    /// <summary>Bytes allocated per message on the managed heaps of both processes.</summary>
    public double AllocatedBytes => (double)(Sender.AllocatedBytes + Recipient.AllocatedBytes) / Messages;
}
