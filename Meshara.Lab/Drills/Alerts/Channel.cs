namespace Meshara.Lab.Drills.Alerts;

/// <summary>Where a notification arrives: the receivers of <c>alertmanager.yml</c>.</summary>
internal enum Channel
{
    /// <summary><c>nobody</c>: Alertmanager has the alert but notifies no one.</summary>
    Nobody,

    /// <summary><c>team-email</c>.</summary>
    Mail,

    /// <summary><c>team-pager</c>.</summary>
    Pager,
}
