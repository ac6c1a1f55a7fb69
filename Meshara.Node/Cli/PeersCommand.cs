using System.CommandLine;
using System.Globalization;
using Meshara.Node.Api.Contracts;
using Spectre.Console;

namespace Meshara.Node.Cli;

/// <summary><c>meshara peers</c>: whom the node is connected to.</summary>
internal static class PeersCommand
{
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
        var table = CliOutput.Table("NAME", "ADDRESS", "REMOTE", "DIRECTION", "RTT", "CONNECTED FOR");
        foreach (var peer in peers.Peers)
            table.AddRow(
                CliOutput.Safe(peer.Name),
                CliOutput.Safe(peer.Address),
                CliOutput.Safe(peer.Remote),
                peer.Direction == PeerDirection.Outbound ? "outbound" : "inbound",
                peer.RttMs is { } rtt ? string.Create(CultureInfo.InvariantCulture, $"{rtt:F1} ms") : "-",
                StatusCommand.Duration(time.GetUtcNow().UtcDateTime - peer.ConnectedAt));
        output.Console.Write(table);
    }
}
