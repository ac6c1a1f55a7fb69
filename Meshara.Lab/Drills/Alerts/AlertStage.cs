namespace Meshara.Lab.Drills.Alerts;

/// <summary>A mesh with its own monitoring, and the drills that share it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Nodes">Number of nodes.</param>
/// <param name="Rate">Private messages per second of background traffic.</param>
/// <param name="Lanes">Drills that do not affect those of other lanes: lanes run in parallel, the drills of one lane in sequence.</param>
/// <param name="Finale">Drills that affect all others; they run in sequence after the lanes.</param>
internal sealed record AlertStage(string Name, int Nodes, double Rate, IReadOnlyList<IReadOnlyList<AlertDrill>> Lanes, IReadOnlyList<AlertDrill> Finale)
{
    /// <summary>Additional environment variables of its nodes.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>All its drills.</summary>
    public IEnumerable<AlertDrill> Drills => Lanes.SelectMany(lane => lane).Concat(Finale);

    /// <summary>The same stage with only the chosen drills.</summary>
    public AlertStage Only(Func<AlertDrill, bool> isChosen) => this with
    {
        Lanes = [.. Lanes.Select(lane => (IReadOnlyList<AlertDrill>)[.. lane.Where(isChosen)]).Where(lane => lane.Count > 0)],
        Finale = [.. Finale.Where(isChosen)],
    };
}
