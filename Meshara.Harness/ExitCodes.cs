namespace Meshara.Harness;

/// <summary>Exit codes of the host.</summary>
internal static class ExitCodes
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>A node died or did not start, or a message was not delivered.</summary>
    public const int Failure = 1;

    /// <summary>An invalid option or setting.</summary>
    public const int Usage = 2;

    /// <summary>A port is taken; the node uses the same code.</summary>
    public const int PortTaken = 3;

    /// <summary>This machine lacks what the stack needs: a container engine, memory, a kernel setting.</summary>
    public const int Unfit = 4;

    /// <summary>Stopped at once by a second Ctrl+C; shells report SIGINT with this code.</summary>
    public const int Killed = 130;
}
