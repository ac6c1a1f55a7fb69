namespace Meshara.Lab.Load;

/// <summary>What one measurement of a pair saw.</summary>
/// <param name="Messages">Sent, arrived and acknowledged.</param>
/// <param name="Elapsed">From the first acceptance to the last acknowledgment.</param>
/// <param name="Sender">The sender's process.</param>
/// <param name="Recipient">The recipient's process.</param>
internal sealed record PairResult(long Messages, TimeSpan Elapsed, NodeCount Sender, NodeCount Recipient)
{
    /// <summary>Messages a second, end to end.</summary>
    public double PerSecond => Messages / Elapsed.TotalSeconds;

    /// <summary>Processor time of a message in both processes, in microseconds.</summary>
    public double CpuMicroseconds => (Sender.Cpu + Recipient.Cpu).TotalMicroseconds / Messages;

    /// <summary>Methods that both processes compiled meanwhile.</summary>
    public long CompiledMethods => Sender.CompiledMethods + Recipient.CompiledMethods;

    /// <summary>Bytes that both processes allocate for a message on their managed heaps.</summary>
    public double AllocatedBytes => (double)(Sender.AllocatedBytes + Recipient.AllocatedBytes) / Messages;
}
