using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Servers;

/// <summary>
/// The repository's configuration files assume a network in which every server has its own host name. A program on this machine reads
/// the same files with only the addresses replaced.
/// </summary>
internal static partial class LocalConfiguration
{
    /// <summary>Replaces each <c>NAME:PORT</c> of a server, such as <c>prometheus:9090</c>, with its address on this machine.</summary>
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

    /// <summary>Replaces each <c>0.0.0.0:PORT</c> listener with the loopback address and the port that the scheme assigns.</summary>
    /// <param name="text">The configuration.</param>
    /// <param name="ports">The port on this machine for each port in the configuration.</param>
    public static string WithLocalListeners(string text, IReadOnlyDictionary<int, int> ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        return Listener().Replace(text, match => string.Create(CultureInfo.InvariantCulture,
            $"127.0.0.1{match.Groups["between"].Value}{ports[int.Parse(match.Groups["port"].ValueSpan, CultureInfo.InvariantCulture)]}"));
    }

    // endpoint: 0.0.0.0:16686, or host: 0.0.0.0 followed by port: 8888 on the next line.
    [GeneratedRegex(@"\b0\.0\.0\.0(?<between>:|\r?\n\s+port: )(?<port>\d+)")]
    private static partial Regex Listener();
}
