namespace Meshara.Node;

/// <summary>
/// The stable codes of <see cref="MesharaException"/>, also used as the <c>code</c> member of problem+json responses.
/// </summary>
public static class ErrorCodes
{
    /// <summary>An address, id, option or setting that cannot be parsed or is out of range.</summary>
    public const string InvalidArgument = "invalid_argument";

    /// <summary>A message without content.</summary>
    public const string EmptyMessage = "empty_message";

    /// <summary>Content larger than <c>Delivery:MaxMessageBytes</c>.</summary>
    public const string Oversize = "oversize";

    /// <summary>An idempotency key that was used for a different request.</summary>
    public const string KeyReused = "key_reused";

    /// <summary>The outbox is full; try again after the time given.</summary>
    public const string QueueFull = "queue_full";

    /// <summary>The node is starting or draining and accepts no new messages.</summary>
    public const string NotReady = "not_ready";

    /// <summary>No such message, peer or route.</summary>
    public const string NotFound = "not_found";

    /// <summary>A key file that cannot be read, is corrupt, or whose passphrase is wrong.</summary>
    public const string KeyFile = "key_file";

    /// <summary>A port that is taken or an address that cannot be bound.</summary>
    public const string Listen = "listen";

    /// <summary>An invalid or unsafe setting.</summary>
    public const string Configuration = "configuration";

    /// <summary>A peer that broke the protocol or failed to prove its identity.</summary>
    public const string Protocol = "protocol";

    /// <summary>A signature or ciphertext that does not verify.</summary>
    public const string Crypto = "crypto";

    /// <summary>A peer that could not be reached.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The data directory or database cannot be used.</summary>
    public const string Storage = "storage";
}
