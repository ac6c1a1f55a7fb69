namespace Meshara.Lab.Drills.SlowLink;

/// <summary>What the caller asked for, checked.</summary>
internal sealed record SlowLinkOptions
{
    /// <summary>Content of each message in bytes; the largest that a node takes by default is a little more.</summary>
    public const int MessageBytes = 250 * 1024;

    /// <summary>Thousands of bytes that the link carries in a second, in each direction.</summary>
    public int KilobytesPerSecond { get; init; } = 500;

    /// <summary>One-way delay of the link.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Messages in each direction.</summary>
    public int Messages { get; init; } = 60;

    /// <summary>Where the report goes; null for nowhere.</summary>
    public string? Report { get; init; }

    /// <summary>Stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }

    /// <summary>The time that the link needs for the content of the messages of one direction.</summary>
    public TimeSpan Needed => TimeSpan.FromSeconds((double)Messages * MessageBytes / (1000 * KilobytesPerSecond));
}
