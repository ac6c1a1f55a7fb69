namespace Meshara.Lab.Drills.Alerts;

/// <summary>Where a notification arrives: the receivers of <c>alertmanager.yml</c>, as far as they tell somebody.</summary>
internal enum Channel
{
    /// <summary><c>nobody</c>: Alertmanager has the alert and tells no one.</summary>
    Nobody,

    /// <summary><c>team-email</c>.</summary>
    Mail,

    /// <summary><c>team-pager</c>.</summary>
    Pager,
}
