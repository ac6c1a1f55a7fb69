namespace Meshara.Lab.Drills.Faults;

/// <summary>A drill one can choose.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Summary">What it does, in a line.</param>
/// <param name="Create">Makes its fault; the ledger has the messages of the drill.</param>
internal sealed record FaultDescription(string Name, string Summary, Func<DrillOptions, DrillLedger, IFault> Create);
