namespace Meshara.Watch.Nodes;

/// <summary>What became of one request to a node.</summary>
/// <param name="Status">The HTTP status; 0 if there was no complete answer.</param>
/// <param name="Body">The body.</param>
/// <param name="Fault">Why there is no usable answer; null if there is one.</param>
/// <param name="IsSilent">True if the node did not answer; false if it did, with something unusable.</param>
internal sealed record Answer(int Status, ReadOnlyMemory<byte> Body, string? Fault = null, bool IsSilent = false)
{
    /// <summary>True for a complete answer with a successful status.</summary>
    public bool IsSuccess => Fault is null && Status is >= 200 and < 300;
}
