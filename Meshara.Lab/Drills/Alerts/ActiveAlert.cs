namespace Meshara.Lab.Drills.Alerts;

/// <summary>An active alert, as reported by Prometheus or Alertmanager.</summary>
/// <param name="Labels">All its labels.</param>
/// <param name="IsFiring">False while its condition has not held for long enough.</param>
/// <param name="IsSuppressed">True if another alert inhibits it.</param>
/// <param name="Receivers">The receivers it is routed to; empty from Prometheus, which does not know them.</param>
internal sealed record ActiveAlert(Labels Labels, bool IsFiring, bool IsSuppressed, IReadOnlyList<string> Receivers);
