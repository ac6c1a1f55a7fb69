using System.Net;

namespace Meshara.Harness.Nodes;

/// <summary>What a node answered to a message handed to it.</summary>
/// <param name="Acceptance">What became of the message.</param>
internal sealed record SendAnswer(Acceptance Acceptance)
{
    /// <summary>The message's id, when it was accepted.</summary>
    public string? Id { get; init; }

    /// <summary>The answer's status; null when there was none.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>How long the node asks to be left alone; null when it does not.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
