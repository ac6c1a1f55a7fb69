using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>
/// The repository's configurations are written for a network in which every server has a name and a machine to itself. A program of this
/// machine reads the same text with nothing but the addresses changed.
/// </summary>
internal static partial class LocalConfiguration
{
    /// <summary>Replaces <c>prometheus:9090</c> and the like by where that server listens on this machine.</summary>
    public static string WithLocalServers(this MeshPlan plan, string text)
    {
        ArgumentNullException.ThrowIfNull(plan);
        foreach (var part in StackPart.All)
        {
            foreach (var endpoint in part.Endpoints)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{part.Name}:{endpoint.Port}");
                text = text.Replace(name, plan.Listen(part, endpoint.Name), StringComparison.Ordinal);
            }
        }

        return text;
    }

    /// <summary>Lets what listens on <c>0.0.0.0:PORT</c> listen on the loopback address, at the port that the scheme gives it.</summary>
    public static string WithLocalListeners(string text, IReadOnlyDictionary<int, int> ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        return Listener().Replace(text, match => string.Create(CultureInfo.InvariantCulture,
            $"127.0.0.1{match.Groups["between"].Value}{ports[int.Parse(match.Groups["port"].ValueSpan, CultureInfo.InvariantCulture)]}"));
    }

    // endpoint: 0.0.0.0:16686, or host: 0.0.0.0 with port: 8888 in the next line.
    [GeneratedRegex(@"\b0\.0\.0\.0(?<between>:|\r?\n\s+port: )(?<port>\d+)")]
    private static partial Regex Listener();
}
