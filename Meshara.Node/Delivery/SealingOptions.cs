using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Delivery;

/// <summary>Section <c>Sealing</c>: how long one HPKE context (one key agreement) is used for messages to a recipient.</summary>
public sealed class SealingOptions
{
    /// <summary>The most messages sealed under one context; 1 makes a new key for every message.</summary>
    [Range(1, 100_000)]
    public int MessagesPerKey { get; set; } = 1000;

    /// <summary>The age at which a context is replaced.</summary>
    public TimeSpan KeyLifetime { get; set; } = TimeSpan.FromSeconds(60);
}
