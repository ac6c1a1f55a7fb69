namespace Meshara.Lab.Drills.Faults;

/// <summary>A drill that can be selected.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">A one-line description.</param>
/// <param name="Create">Creates its fault; the ledger has the messages of the drill.</param>
internal sealed record FaultDescription(string Name, string Summary, Func<DrillOptions, DrillLedger, IFault> Create);
