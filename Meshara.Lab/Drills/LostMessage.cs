namespace Meshara.Lab.Drills;

/// <summary>An accepted message that is neither in its recipient's inbox nor expired, with details for the analysis.</summary>
/// <param name="Id">Its id.</param>
/// <param name="From">The node that accepted it.</param>
/// <param name="To">The node it is for.</param>
/// <param name="AcceptedAt">When its id was returned.</param>
/// <param name="State">Its state according to its sender; <c>unknown</c> if the sender does not know it or is gone.</param>
/// <param name="Attempts">Number of delivery attempts.</param>
/// <param name="Reason">Why the last attempt failed.</param>
internal sealed record LostMessage(string Id, string From, string To, DateTimeOffset AcceptedAt, string State, int? Attempts, string? Reason);
