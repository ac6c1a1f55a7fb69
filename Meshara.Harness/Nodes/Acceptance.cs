namespace Meshara.Harness.Nodes;

/// <summary>What became of a message handed to a node.</summary>
internal enum Acceptance
{
    /// <summary>The node owns it now.</summary>
    Accepted,

    /// <summary>The node said no, or nobody listened at its port.</summary>
    Refused,

    /// <summary>No answer: the node may or may not have it.</summary>
    Unknown,
}
