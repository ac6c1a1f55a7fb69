namespace Meshara.Tests.Delivery.Model;

/// <summary>
/// The result of an exploration: how far it went, which kinds of step it took, and the shortest way to a violation, if there is one.
/// </summary>
internal sealed record Exploration(int States, int Transitions, int Depth, IReadOnlySet<StepKind> Taken, string? Violation)
{
    /// <summary>
    /// Breadth first through every order of steps up to <paramref name="depth"/>. A state is reached by repeating its steps in a new
    /// world, since real stores cannot be copied; states with the same fingerprint are explored once.
    /// </summary>
    public static async Task<Exploration> ExploreAsync(Func<World> create, int depth)
    {
        var known = new HashSet<string>();
        List<Step[]> frontier = [[]];
        var taken = new HashSet<StepKind>();
        var transitions = 0;
        for (var level = 0; level <= depth && frontier.Count > 0; level++)
        {
            var next = new List<Step[]>();
            foreach (var path in frontier)
            {
                await using var world = create();
                foreach (var step in path)
                    await world.TakeAsync(step);
                if (path.Length > 0)
                    taken.Add(path[^1].Kind);
                if (!known.Add(await world.FingerprintAsync()))
                    continue;
                if (await world.ViolationAsync() is { } wrong)
                    return new Exploration(known.Count, transitions, level, taken, Describe(wrong, path));
                foreach (var step in await world.StepsAsync())
                    next.Add([.. path, step]);
                if (await world.SettleAsync() is { } stuck)
                    return new Exploration(known.Count, transitions, level, taken, Describe(stuck, path));
            }
            transitions += level < depth ? next.Count : 0;
            frontier = next;
        }
        return new Exploration(known.Count, transitions, depth, taken, null);
    }

    private static string Describe(string violation, Step[] path) => $"{violation}, after {string.Join(", ", path)}";
}
