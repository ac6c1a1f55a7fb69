namespace Meshara.Node.Cli;

/// <summary>What the exit code of <c>meshara</c> says. The numbers are a promise to scripts and service managers.</summary>
internal static class ExitCodes
{
    /// <summary>Done; also a node that was asked to stop and did, and a followed inbox ended with Ctrl+C.</summary>
    public const int Ok = 0;

    /// <summary>A failure that should not happen.</summary>
    public const int Unexpected = 1;

    /// <summary>Wrong usage or configuration, a wrong token among them.</summary>
    public const int Usage = 2;

    /// <summary>A port is taken or an address cannot be bound.</summary>
    public const int CannotListen = 3;

    /// <summary>The key file or its passphrase.</summary>
    public const int KeyFile = 4;

    /// <summary>The data directory.</summary>
    public const int Storage = 5;

    /// <summary>Client commands: no node answers, or it takes nothing now.</summary>
    public const int Unreachable = 6;

    /// <summary>The message expired or was rejected, or there is none by that id.</summary>
    public const int NotDelivered = 7;

    /// <summary>Ended with Ctrl+C before the command was done: 128 + SIGINT, as shells count.</summary>
    public const int Interrupted = 130;

    /// <summary>One line each, for <c>--help</c>.</summary>
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
