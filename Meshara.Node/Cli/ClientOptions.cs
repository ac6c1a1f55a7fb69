using System.CommandLine;

namespace Meshara.Node.Cli;

/// <summary>Options of every command that talks to a running node.</summary>
internal sealed class ClientOptions
{
    private const string NodeVariable = "MESHARA_NODE", TokenVariable = "MESHARA_TOKEN", DefaultNode = "http://127.0.0.1:8080";

    private readonly Option<string> _node = new("--node") { HelpName = "URL", Description = $"The node's API. [default: ${NodeVariable} or {DefaultNode}]" };

    private readonly Option<string> _token = new("--token") { HelpName = "TOKEN", Description = $"The API's bearer token. Prefer ${TokenVariable}: others on this machine can read command lines." };

    private readonly Option<bool> _json = JsonOption();

    /// <summary>The flag for machine-readable output.</summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Machine-readable output: one JSON object (inbox --follow: one a line)." };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_node);
        command.Add(_token);
        command.Add(_json);
    }

    /// <summary>The output for a command's results.</summary>
    public CliOutput Output(ParseResult parsed, CliHost host) => new(host, parsed.GetValue(_json));

    /// <summary>True if the output is for a program.</summary>
    public bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>Creates a client for the chosen node.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>: the URL or the token is invalid.</exception>
    public NodeClient Connect(ParseResult parsed, CliHost host) => new(Node(parsed, host), Token(parsed, host));

    /// <summary>The URL of the chosen node.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>: it is invalid.</exception>
    public Uri Node(ParseResult parsed, CliHost host) => Url(parsed.GetValue(_node) ?? NotEmpty(host.Environment(NodeVariable)) ?? DefaultNode);

    /// <summary>The bearer token; null for none.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>: it is invalid.</exception>
    public string? Token(ParseResult parsed, CliHost host)
    {
        var token = parsed.GetValue(_token) ?? NotEmpty(host.Environment(TokenVariable));
        // RFC 6750, section 2.1. The header class would refuse the token with a message that repeats it.
        if (token is not null && (token.Length == 0 || token.Any(c => c is <= ' ' or > '~')))
            throw new MesharaException(ErrorCodes.Configuration, "The token must be visible ASCII characters without spaces.");
        return token;
    }

    /// <summary>Checks a URL that was given.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>: it is none of HTTP.</exception>
    public static Uri Url(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" }
            ? url
            : throw new MesharaException(ErrorCodes.Configuration,
                $"'{Printable.Bounded(text, 200)}' is not the URL of a node; give --node or {NodeVariable} like {DefaultNode}.");

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
