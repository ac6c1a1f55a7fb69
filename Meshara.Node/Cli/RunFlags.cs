using System.CommandLine;
using System.Globalization;

namespace Meshara.Node.Cli;

/// <summary>The flags of <c>meshara run</c> and the configuration keys they set.</summary>
internal sealed class RunFlags
{
    private readonly Option<string> _name = new("--name") { HelpName = "NAME", Description = "The operator's name for the node (Node:Name). [default: node-1]" };

    private readonly Option<string> _data = new("--data") { HelpName = "DIR", Description = "Folder of keys and storage (Node:DataDirectory). [default: ./.meshara/node]" };

    private readonly Option<string> _passphraseFile = new("--passphrase-file") { HelpName = "FILE", Description = "Encrypt the key file with this file's first line (Node:PassphraseFile)." };

    private readonly Option<bool> _stopWithInput = new("--stop-with-input") { Description = "Drain and exit when standard input closes (Node:StopWithInput)." };

    private readonly Option<string> _mesh = new("--mesh") { HelpName = "HOST:PORT", Description = "Where peers connect (Mesh:Listen). [default: 0.0.0.0:8443]" };

    private readonly Option<string[]> _advertise = new("--advertise") { HelpName = "HOST:PORT", Description = "What the signed peer record says, or 'none'; repeatable (Mesh:Advertise). [default: derived from --mesh]" };

    private readonly Option<string[]> _bootstrap = new("--bootstrap") { HelpName = "URI", Description = "meshara://NAME, meshara://HOST:PORT or tcp://HOST:PORT to join through; repeatable (Mesh:Bootstrap)." };

    private readonly Option<string> _http = new("--http") { HelpName = "HOST:PORT", Description = "API and health (Api:Host, Api:Port). [default: 127.0.0.1:8080]" };

    private readonly Option<string> _metrics = new("--metrics") { HelpName = "PORT", Description = "/metrics, on the API's host (Metrics:Port). [default: 9090]" };

    /// <summary>Adds the flags to a command; <c>run</c> and the root command share them.</summary>
    public void AddTo(Command command)
    {
        Option[] flags = [_name, _data, _passphraseFile, _stopWithInput, _mesh, _advertise, _bootstrap, _http, _metrics];
        foreach (var flag in flags)
            command.Add(flag);
    }

    /// <summary>The given flags as configuration, which overrides every other source.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>: a flag's value is invalid.</exception>
    public IReadOnlyDictionary<string, string?> ToConfiguration(ParseResult parsed)
    {
        var settings = new Dictionary<string, string?>();
        Set("Node:Name", parsed.GetValue(_name));
        Set("Node:DataDirectory", parsed.GetValue(_data));
        if (parsed.GetValue(_passphraseFile) is "")
            throw new MesharaException(ErrorCodes.Configuration, "--passphrase-file is empty: name a file, or leave the flag out.");
        Set("Node:PassphraseFile", parsed.GetValue(_passphraseFile));
        Set("Node:StopWithInput", parsed.GetResult(_stopWithInput) is null ? null : parsed.GetValue(_stopWithInput).ToString());
        Set("Mesh:Listen", parsed.GetValue(_mesh));
        SetList("Mesh:Advertise", "--advertise", parsed.GetValue(_advertise), "HOST:PORT or 'none'");
        SetList("Mesh:Bootstrap", "--bootstrap", parsed.GetValue(_bootstrap), "meshara://NAME, meshara://HOST:PORT or tcp://HOST:PORT");
        if (parsed.GetValue(_http) is { } http)
        {
            if (!HostPort.TryParse(http, out var api))
                throw Wrong("--http", http, "HOST:PORT, for example 127.0.0.1:8080");
            Set("Api:Host", api.Host);
            Set("Api:Port", api.Port.ToString(CultureInfo.InvariantCulture));
        }
        if (parsed.GetValue(_metrics) is { } metrics)
        {
            if (!HostPort.TryParsePort(metrics, out _))
                throw Wrong("--metrics", metrics, "a port from 0 to 65535");
            Set("Metrics:Port", metrics);
        }
        return settings;

        void Set(string key, string? value)
        {
            if (value is not null)
                settings[key] = value;
        }

        // One value with commas, which NodeSettings prefers to a list, so that the flag replaces the environment's list.
        void SetList(string key, string flag, string[]? values, string expected)
        {
            if (values is not { Length: > 0 })
                return;
            // A script's empty variable would start a separate mesh, which looks healthy and finds nobody.
            if (Array.Find(values, value => value.AsSpan().Trim(", ").IsEmpty) is { } empty)
                throw Wrong(flag, empty, expected);
            settings[key] = string.Join(',', values);
        }
    }

    private static MesharaException Wrong(string flag, string value, string expected) =>
        new(ErrorCodes.Configuration, $"{flag} '{Printable.Bounded(value, 80)}' must be {expected}.");
}
