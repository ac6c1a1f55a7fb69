namespace Meshara.Lab.Drills.SlowLink;

/// <summary>The validated options of <c>drill slow-link</c>.</summary>
internal sealed record SlowLinkOptions
{
    /// <summary>Content of each message in bytes, a little below the largest that a node takes by default.</summary>
    public const int MessageBytes = 250 * 1024;

    /// <summary>Bandwidth of the link in kB/s (1,000 bytes), in each direction.</summary>
    public int KilobytesPerSecond { get; init; } = 500;

    /// <summary>One-way delay of the link.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Messages in each direction.</summary>
    public int Messages { get; init; } = 60;

    /// <summary>Path of the report; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>True to stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }

    /// <summary>The time the link needs to carry the content of one direction's messages.</summary>
    public TimeSpan Needed => TimeSpan.FromSeconds((double)Messages * MessageBytes / (1000 * KilobytesPerSecond));
}
