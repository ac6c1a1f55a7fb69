namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>Parsed arguments of kubectl or docker: options with their values, and the rest.</summary>
internal sealed class Arguments
{
    private readonly List<(string Name, string Value)> _options = [];

    private Arguments(string[] positional, string[] command) => (Positional, Command) = (positional, command);

    /// <summary>Arguments that are not options, in order.</summary>
    public string[] Positional { get; }

    /// <summary>The command to run inside the container.</summary>
    public string[] Command { get; }

    /// <summary>The value of an option; null if it is not given.</summary>
    public string? this[string name] => _options.FirstOrDefault(option => option.Name == name).Value;

    /// <param name="words">The words after the program.</param>
    /// <param name="withValue">Options whose value is the next word; other options have it after an equals sign.</param>
    /// <param name="last">Number of positional words before an inner command; null if only <c>--</c> begins one.</param>
    public static Arguments Parse(IEnumerable<string> words, IReadOnlySet<string> withValue, int? last = null)
    {
        var all = words.ToList();
        List<string> positional = [];
        List<(string, string)> options = [];
        var i = 0;
        for (; i < all.Count && all[i] != "--" && positional.Count != last; i++)
        {
            if (!all[i].StartsWith('-'))
                positional.Add(all[i]);
            else if (withValue.Contains(all[i]))
                options.Add((all[i], ++i < all.Count ? all[i] : ""));
            else
                options.Add(all[i].Split('=', 2) is [var name, var value] ? (name, value) : (all[i], ""));
        }
        var arguments = new Arguments([.. positional], [.. all.Skip(i < all.Count && all[i] == "--" ? i + 1 : i)]);
        arguments._options.AddRange(options);
        return arguments;
    }
}
