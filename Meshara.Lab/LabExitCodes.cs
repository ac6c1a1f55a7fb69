namespace Meshara.Lab;

/// <summary>Exit codes of the lab in addition to those it shares with the host.</summary>
internal static class LabExitCodes
{
    /// <summary>This machine or this user cannot run the experiment.</summary>
    public const int NotPossibleHere = 4;
}
