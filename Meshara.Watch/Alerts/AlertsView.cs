namespace Meshara.Watch.Alerts;

/// <summary>What Prometheus says.</summary>
/// <param name="Problem">Why nothing is known; null if something is.</param>
/// <param name="Active">Firing and pending alerts; firing ones first.</param>
internal sealed record AlertsView(string? Problem, IReadOnlyList<AlertView> Active);

/// <summary>An alert.</summary>
/// <param name="Name">Its name, which is also its runbook's.</param>
/// <param name="State"><c>firing</c> or <c>pending</c>; <c>silenced</c> if Alertmanager notifies nobody of it.</param>
/// <param name="Severity">Its severity.</param>
/// <param name="Node">The node it is about; null if it is about none.</param>
/// <param name="Summary">One line.</param>
/// <param name="Description">A few lines.</param>
/// <param name="Since">When it became active.</param>
/// <param name="HasRunbook">True if there is a runbook.</param>
internal sealed record AlertView(
    string Name, string State, string Severity, string? Node, string Summary, string Description, DateTimeOffset Since, bool HasRunbook);
