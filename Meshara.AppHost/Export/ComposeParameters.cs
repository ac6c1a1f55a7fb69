using System.Text.RegularExpressions;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Export;

/// <summary>
/// The settings that a compose project's environment file may change without a new export, and their places in the exported
/// files.
/// </summary>
internal static class ComposeParameters
{
    private static readonly Page[] Pages =
    [
        new(StackPart.Grafana, "http://localhost:3000", "GF_SERVER_ROOT_URL"),
        new(StackPart.Kibana, "http://localhost:5601", "SERVER_PUBLICBASEURL"),
        new(StackPart.Jaeger, "http://localhost:16686", null),
    ];

    // Settings of alertmanager.yml, which expands no variables itself.
    private static readonly (string Setting, string Variable)[] Notifications =
    [
        ("smtp_smarthost", "SMTP_SMARTHOST"), ("smtp_from", "SMTP_FROM"), ("smtp_require_tls", "SMTP_REQUIRE_TLS"),
        ("auth_username", "SMTP_USERNAME"), ("to", "ALERT_RECIPIENTS"),
    ];

    /// <summary>The variable that names the nodes' image.</summary>
    public const string NodeImage = "MESHARA_NODE_IMAGE";

    /// <summary>The end of <c>env.example</c>: the optional settings and their defaults.</summary>
    public const string Example = """

        # Below, what need not be set. `docker compose up -d` recreates the services that a change concerns.

        # The nodes' image
        #MESHARA_NODE_IMAGE=meshara-node:0.1.0

        # Where a proxy serves the pages: links in notifications, dashboards and traces begin with that
        #GRAFANA_EXTERNAL_URL=http://localhost:3000
        #KIBANA_EXTERNAL_URL=http://localhost:5601
        #JAEGER_EXTERNAL_URL=http://localhost:16686
        #PROMETHEUS_EXTERNAL_URL=http://127.0.0.1:9090
        #ALERTMANAGER_EXTERNAL_URL=http://127.0.0.1:9093

        # The mail relay (SMTP_PASSWORD is above), who mails come from, and who gets them, separated by commas
        #SMTP_SMARTHOST=mailpit:1025
        #SMTP_REQUIRE_TLS=false
        #SMTP_USERNAME=alerts@meshara.org
        #SMTP_FROM=alerts@meshara.org
        #ALERT_RECIPIENTS=team@meshara.org

        # A dead man's switch that Alertmanager calls every few minutes; none unless it is set (alerts/README.md)
        #DEAD_MANS_SWITCH_URL=

        """;

    /// <summary>The variable that holds the URL at which people reach a server's page.</summary>
    public static string ExternalUrl(string server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return $"{server.ToUpperInvariant()}_EXTERNAL_URL";
    }

    /// <summary>
    /// The environment setting that tells a server its external URL, with its value; empty if the server reads none.
    /// </summary>
    public static IEnumerable<(string Setting, string Value)> Environment(StackPart part) => Pages
        .Where(page => page.Part == part && page.Setting is not null).Select(page => (page.Setting!, page.Expression));

    /// <summary>Replaces the values that differ between deployments with variables.</summary>
    /// <param name="path">The file in its container.</param>
    /// <param name="content">Its content, in which dollar signs are already doubled.</param>
    /// <exception cref="InvalidOperationException">A setting that should become a variable does not occur exactly once.</exception>
    public static string Insert(string path, string content)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Path.GetFileName(path) == "alertmanager.yml")
            return Notifications.Aggregate(content, (text, one) => WithVariable(text, one.Setting, one.Variable));
        // URLs that people click on. Names in other files are those by which containers reach each other.
        return Path.GetExtension(path) is ".json" or ".ndjson" or ".tmpl"
            ? Pages.Aggregate(content, (text, page) => text.Replace(page.Url, page.Expression, StringComparison.Ordinal))
            : content;
    }

    private static string WithVariable(string text, string setting, string variable)
    {
        var line = new Regex($@"(?m)^(?<before>[ -]*{setting}:[ ]+)(?<value>\S+)[ ]*$");
        return line.Count(text) == 1
            ? line.Replace(text, match => $"{match.Groups["before"]}${{{variable}:-{match.Groups["value"]}}}")
            : throw new InvalidOperationException(
                $"alertmanager.yml sets {setting} {line.Count(text)} times; {variable} can stand for one.");
    }

    private sealed record Page(StackPart Part, string Url, string? Setting)
    {
        public string Expression => $"${{{ExternalUrl(Part.Name)}:-{Url}}}";
    }
}
