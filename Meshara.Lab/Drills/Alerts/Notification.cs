namespace Meshara.Lab.Drills.Alerts;

/// <summary>What a person was told.</summary>
/// <param name="Channel">How.</param>
/// <param name="Alert">Name of the alert it is about.</param>
/// <param name="IsFiring">False when it says that everything is well again.</param>
/// <param name="Group">What makes several notifications one matter: PagerDuty's deduplication key, the alert and cluster of a mail's subject.</param>
/// <param name="Firing">What it says is firing, so that saying the same twice can be told; without the numbers that change with time.</param>
/// <param name="Text">All of it.</param>
/// <param name="At">When it arrived.</param>
internal sealed record Notification(Channel Channel, string Alert, bool IsFiring, string Group, string Firing, string Text, DateTimeOffset At);
