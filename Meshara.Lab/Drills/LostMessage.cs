namespace Meshara.Lab.Drills;

/// <summary>A message that was accepted and is neither in its recipient's inbox nor expired, with what helps to find out why.</summary>
/// <param name="Id">Its id.</param>
/// <param name="From">The node that accepted it.</param>
/// <param name="To">The node it is for.</param>
/// <param name="AcceptedAt">When its id was returned.</param>
/// <param name="State">What its sender says of it; <c>unknown</c> when it does not know it or is gone.</param>
/// <param name="Attempts">How often its sender tried.</param>
/// <param name="Reason">What the last attempt failed with.</param>
internal sealed record LostMessage(string Id, string From, string To, DateTimeOffset AcceptedAt, string State, int? Attempts, string? Reason);
