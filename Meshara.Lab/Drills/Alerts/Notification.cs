namespace Meshara.Lab.Drills.Alerts;

/// <summary>A notification that a receiver got.</summary>
/// <param name="Channel">Where it arrived.</param>
/// <param name="Alert">Name of the alert it is about.</param>
/// <param name="IsFiring">False if it says that the alert is resolved.</param>
/// <param name="Group">Identifies the incident: PagerDuty's deduplication key, or the alert and cluster in a mail's subject.</param>
/// <param name="Firing">The firing alerts it lists, to detect repeated notifications; without numbers that change with time.</param>
/// <param name="Text">The full text.</param>
/// <param name="At">When it arrived.</param>
internal sealed record Notification(Channel Channel, string Alert, bool IsFiring, string Group, string Firing, string Text, DateTimeOffset At);
