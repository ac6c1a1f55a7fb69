namespace Meshara.Tests.Stack.Local;

/// <summary>A message in an inbox.</summary>
internal sealed record ReceivedMessage(
    string Id, string From, string Type, DateTimeOffset SentAt, DateTimeOffset ReceivedAt, string? Text, string Content);
