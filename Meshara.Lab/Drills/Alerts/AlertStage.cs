namespace Meshara.Lab.Drills.Alerts;

/// <summary>A mesh with monitoring of its own, and the drills that share it.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Nodes">Number of nodes.</param>
/// <param name="Rate">Private messages a second that go through it all the time.</param>
/// <param name="Lanes">Drills that leave each other alone: lanes run side by side, the drills of one lane one after the other.</param>
/// <param name="Finale">Drills that leave nothing alone; after the lanes, one after the other.</param>
internal sealed record AlertStage(string Name, int Nodes, double Rate, IReadOnlyList<IReadOnlyList<AlertDrill>> Lanes, IReadOnlyList<AlertDrill> Finale)
{
    /// <summary>What its nodes are told besides, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>All of them.</summary>
    public IEnumerable<AlertDrill> Drills => Lanes.SelectMany(lane => lane).Concat(Finale);

    /// <summary>The same stage with some of the drills.</summary>
    public AlertStage Only(Func<AlertDrill, bool> isChosen) => this with
    {
        Lanes = [.. Lanes.Select(lane => (IReadOnlyList<AlertDrill>)[.. lane.Where(isChosen)]).Where(lane => lane.Count > 0)],
        Finale = [.. Finale.Where(isChosen)],
    };
}
