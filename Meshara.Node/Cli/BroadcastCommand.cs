using System.CommandLine;
using Meshara.Node.Api.Contracts;

namespace Meshara.Node.Cli;

/// <summary><c>meshara broadcast</c>: sends a message to every node.</summary>
internal static class BroadcastCommand
{
    public static Command Create(CliHost host)
    {
        var client = new ClientOptions();
        var source = new MessageSource();
        var command = new MeshCommand("broadcast", "Sends a signed, unencrypted message to every node of the mesh and prints its id. It is not acknowledged.",
            "meshara broadcast \"maintenance at noon\"",
            "meshara broadcast --file notice.txt --json");
        source.AddTo(command);
        client.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var node = client.Connect(parsed, host);
            var (text, content) = await source.ReadAsync(parsed, host, cancellationToken);
            var accepted = await node.BroadcastAsync(new BroadcastRequest { Text = text, Content = content }, cancellationToken);
            client.Output(parsed, host).Write(accepted, MeshJson.Default.AcceptedResponse, answer => host.Out.WriteLine(answer.Id));
            return ExitCodes.Ok;
        });
        return command;
    }
}
