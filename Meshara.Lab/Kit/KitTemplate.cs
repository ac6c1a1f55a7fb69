using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.Harness;

namespace Meshara.Lab.Kit;

/// <summary>
/// Generates a rule file from a template of the kit. <c>${path}</c> is the setting at that path. The lines between <c>#each path</c> and
/// <c>#end</c> are repeated for every window in the list at that path, with <c>${window}</c> (5m) and <c>${seconds}</c> (300).
/// </summary>
internal static partial class KitTemplate
{
    /// <exception cref="StackException">A setting is unknown.</exception>
    public static string Render(string template, KitSettings settings) =>
        Fill(Block().Replace(template, block => string.Concat(settings.List(block.Groups["list"].Value).Select(window =>
            block.Groups["body"].Value
                .Replace("${window}", window, StringComparison.Ordinal)
                .Replace("${seconds}", Seconds(window), StringComparison.Ordinal)))), settings);

    private static string Fill(string text, KitSettings settings) => Name().Replace(text, name => settings[name.Groups["path"].Value]);

    private static string Seconds(string window)
    {
        var parts = Duration().Match(window);
        if (!parts.Success)
            throw new StackException($"'{window}' is no window: 5m, 6h or 3d are.", ExitCodes.Usage);
        var unit = parts.Groups["unit"].Value switch { "m" => 60, "h" => 3600, _ => 86400 };
        return (int.Parse(parts.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) * unit).ToString(CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^#each (?<list>\S+)\n(?<body>.*?)^#end\n", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\$\{(?<path>[a-z_:0-9]+)\}")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A(?<number>[1-9]\d{0,3})(?<unit>[mhd])\z")]
    private static partial Regex Duration();
}
