namespace Meshara.Lab.Load;

/// <summary>Options of <c>startup</c>, <c>memory</c> and <c>connections</c>.</summary>
internal sealed record ProgramOptions
{
    /// <summary>The node's executable; null for the one built with this program.</summary>
    public string? Program { get; init; }

    /// <summary>Number of measured starts or nodes.</summary>
    public int Rounds { get; init; } = 7;

    /// <summary>How long a node is idle before its memory is read.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Number of connecting peers.</summary>
    public int Peers { get; init; } = 1000;

    /// <summary>Path of the report (JSON); null for none.</summary>
    public string? Report { get; init; }
}
