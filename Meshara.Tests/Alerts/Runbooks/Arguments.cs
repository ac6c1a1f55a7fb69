namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>Arguments of kubectl or docker: options with their values, and the rest.</summary>
internal sealed class Arguments
{
    private readonly List<(string Name, string Value)> _options = [];

    private Arguments(string[] positional, string[] command) => (Positional, Command) = (positional, command);

    /// <summary>What is no option, in order.</summary>
    public string[] Positional { get; }

    /// <summary>The command that is to run inside.</summary>
    public string[] Command { get; }

    /// <summary>The value of an option; null when it is not given.</summary>
    public string? this[string name] => _options.FirstOrDefault(option => option.Name == name).Value;

    /// <param name="words">The words behind the program.</param>
    /// <param name="withValue">Options whose value is the next word; others have it behind an equals sign.</param>
    /// <param name="last">How many words that are no options come before a command inside; null when only <c>--</c> begins one.</param>
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
