using System.Net;

namespace Meshara.Harness.Nodes;

/// <summary>A node's answer to a message handed to it.</summary>
/// <param name="Acceptance">Whether the node accepted the message.</param>
internal sealed record SendAnswer(Acceptance Acceptance)
{
    /// <summary>The message's id; null if it was not accepted.</summary>
    public string? Id { get; init; }

    /// <summary>The HTTP status of the answer; null if there was none.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>How long the node asks the client to wait before it tries again; null if it does not ask.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
