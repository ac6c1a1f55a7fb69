namespace Meshara.Lab.Drills.Alerts;

/// <summary>An alert as Prometheus or Alertmanager has it at present.</summary>
/// <param name="Labels">All its labels.</param>
/// <param name="IsFiring">False while its condition has not held for long enough.</param>
/// <param name="IsSuppressed">True when another alert inhibits it.</param>
/// <param name="Receivers">The receivers that it is routed to; Prometheus knows none.</param>
internal sealed record ActiveAlert(Labels Labels, bool IsFiring, bool IsSuppressed, IReadOnlyList<string> Receivers);
