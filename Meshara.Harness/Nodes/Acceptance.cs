namespace Meshara.Harness.Nodes;

/// <summary>Outcome of handing a message to a node.</summary>
internal enum Acceptance
{
    /// <summary>The node accepted the message and is responsible for it.</summary>
    Accepted,

    /// <summary>The node refused the message, or did not listen.</summary>
    Refused,

    /// <summary>No answer: the node may or may not have the message.</summary>
    Unknown,
}
