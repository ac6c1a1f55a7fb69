namespace Meshara.Harness;

/// <summary>What the process ends with.</summary>
internal static class ExitCodes
{
    /// <summary>Everything went well.</summary>
    public const int Success = 0;

    /// <summary>A node died or did not start, or a message was not delivered.</summary>
    public const int Failure = 1;

    /// <summary>A wrong option or setting.</summary>
    public const int Usage = 2;

    /// <summary>A port that is taken; the same number as the node's.</summary>
    public const int PortTaken = 3;

    /// <summary>This machine lacks what the stack needs: a container engine, memory, a kernel setting.</summary>
    public const int Unfit = 4;

    /// <summary>Ended at once by a second Ctrl+C, as a shell counts it.</summary>
    public const int Killed = 130;
}
