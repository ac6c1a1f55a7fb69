namespace Meshara.Node.Cli;

/// <summary>The exit codes of <c>meshara</c>. Scripts and service managers rely on these numbers.</summary>
internal static class ExitCodes
{
    /// <summary>Success; also a node that stopped when asked to, and a followed inbox ended with Ctrl+C.</summary>
    public const int Ok = 0;

    /// <summary>A failure that should not happen.</summary>
    public const int Unexpected = 1;

    /// <summary>Wrong usage or configuration, including a wrong token.</summary>
    public const int Usage = 2;

    /// <summary>A port is taken or an address cannot be bound.</summary>
    public const int CannotListen = 3;

    /// <summary>A problem with the key file or its passphrase.</summary>
    public const int KeyFile = 4;

    /// <summary>A problem with the data directory.</summary>
    public const int Storage = 5;

    /// <summary>Client commands: no node answers, or it accepts nothing at the moment.</summary>
    public const int Unreachable = 6;

    /// <summary>The message expired or was rejected, or no message has that id.</summary>
    public const int NotDelivered = 7;

    /// <summary>Ended with Ctrl+C before the command was done: 128 + SIGINT, following shells.</summary>
    public const int Interrupted = 130;

    /// <summary>One line per code, for <c>--help</c>.</summary>
    public static IReadOnlyList<(int Code, string Meaning)> All { get; } =
    [
        (Ok, "done"),
        (Unexpected, "unexpected failure"),
        (Usage, "wrong usage, configuration or token"),
        (CannotListen, "cannot listen (port in use)"),
        (KeyFile, "key file or passphrase"),
        (Storage, "storage"),
        (Unreachable, "node not reachable or not taking messages"),
        (NotDelivered, "message expired or rejected / not found"),
        (Interrupted, "interrupted before it was done (inbox --follow ends with 0)"),
    ];
}
