namespace Meshara.Lab;

/// <summary>What the lab ends with besides the exit codes it shares with the host.</summary>
internal static class LabExitCodes
{
    /// <summary>This machine or this user cannot run the experiment.</summary>
    public const int NotPossibleHere = 4;
}
