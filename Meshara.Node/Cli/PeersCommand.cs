using System.CommandLine;
using System.Globalization;
using Meshara.Node.Api.Contracts;
using Spectre.Console;

namespace Meshara.Node.Cli;

/// <summary><c>meshara peers</c>: lists the node's connections.</summary>
internal static class PeersCommand
{
    private const int LongestText = 80;

    public static Command Create(CliHost host)
    {
        var client = new ClientOptions();
        var command = new MeshCommand("peers", "Lists the node's live connections.",
            "meshara peers",
            "meshara peers --json | jq -r .peers[].address");
        client.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var node = client.Connect(parsed, host);
            var output = client.Output(parsed, host);
            output.Write(await node.GetPeersAsync(cancellationToken), MeshJson.Default.PeersResponse, peers => Show(output, peers, host.Time));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Show(CliOutput output, PeersResponse peers, TimeProvider time)
    {
        if (peers.Peers.Count == 0)
        {
            output.Console.WriteLine("No peers are connected.");
            return;
        }
        output.WriteTable(["NAME", "ADDRESS", "REMOTE", "DIRECTION", "RTT", "CONNECTED FOR"], [.. peers.Peers.Select(peer => Row(peer, time))]);
    }

    private static string[] Row(PeerResponse peer, TimeProvider time) =>
    [
        Printable.Bounded(peer.Name, LongestText),
        Printable.Bounded(peer.Address, LongestText),
        Printable.Bounded(peer.Remote, LongestText),
        peer.Direction == PeerDirection.Outbound ? "outbound" : "inbound",
        peer.RttMs is { } rtt ? string.Create(CultureInfo.InvariantCulture, $"{rtt:F1} ms") : "-",
        StatusCommand.Duration(time.GetUtcNow().UtcDateTime - peer.ConnectedAt),
    ];
}
