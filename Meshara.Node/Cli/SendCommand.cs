using System.CommandLine;
using Meshara.Node.Api.Contracts;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;

namespace Meshara.Node.Cli;

/// <summary><c>meshara send</c>: sends a private message.</summary>
internal static class SendCommand
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(50), LongestLook = TimeSpan.FromSeconds(1);

    public static Command Create(CliHost host)
    {
        var client = new ClientOptions();
        var source = new MessageSource();
        var to = new Option<string>("--to") { HelpName = "ADDRESS", Required = true, Description = "The recipient's address, 52 characters." };
        var ttl = new Option<string>("--ttl") { HelpName = "SECONDS", Description = "Give up after this time. [default: the node's]" };
        var wait = new Option<bool>("--wait") { Description = "Wait until the message is acknowledged (0), or expired or rejected (7). Ctrl+C stops waiting, not the message." };
        var command = new MeshCommand("send", "Sends a private message and prints its id. The node keeps trying after this command has ended.",
            "meshara send --to ADDRESS \"hello\"",
            "meshara send --to ADDRESS --file report.pdf --wait --ttl 60",
            "date | meshara send --to ADDRESS - --json")
        {
            to, ttl, wait,
        };
        source.AddTo(command);
        client.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var recipient = NodeAddress.Parse(parsed.GetRequiredValue(to));
            var seconds = ParseSeconds(parsed.GetValue(ttl));
            var output = client.Output(parsed, host);
            using var node = client.Connect(parsed, host);
            var (text, content) = await source.ReadAsync(parsed, host, cancellationToken);
            var accepted = await node.SendAsync(
                new SendRequest { To = recipient.ToString(), Text = text, Content = content, TtlSeconds = seconds }, cancellationToken);
            if (!parsed.GetValue(wait))
            {
                output.Write(accepted, MeshJson.Default.AcceptedResponse, answer => host.Out.WriteLine(answer.Id));
                return ExitCodes.Ok;
            }
            // Print the id first: a user who stops waiting still needs it. In JSON it is part of the one object at the end.
            if (!output.IsJson)
                await host.Out.WriteLineAsync(accepted.Id);
            var message = await WaitAsync(node, accepted.Id, host.Time, cancellationToken);
            output.Write(message, MeshJson.Default.MessageResponse, final => host.Out.WriteLine(Sentence(final)));
            return message.State == MessageState.Acknowledged ? ExitCodes.Ok : ExitCodes.NotDelivered;
        });
        return command;
    }

    /// <summary>
    /// Polls at growing intervals: the API has no signal for a single message, and most are done at the second look.
    /// </summary>
    private static async Task<MessageResponse> WaitAsync(NodeClient node, string id, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var pause = FirstLook; ; pause = pause * 2 < LongestLook ? pause * 2 : LongestLook)
        {
            var message = await node.GetMessageAsync(id, cancellationToken);
            if (message.State != MessageState.Pending)
                return message;
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private static string Sentence(MessageResponse message)
    {
        var state = message.State switch
        {
            MessageState.Acknowledged => "acknowledged",
            MessageState.Expired => "expired",
            MessageState.Rejected => "rejected",
            _ => "pending",
        };
        var attempts = message.Attempts == 1 ? "1 attempt" : FormattableString.Invariant($"{message.Attempts} attempts");
        return message.Reason is null ? $"{state} after {attempts}" : $"{state} after {attempts}: {Printable.Bounded(message.Reason, 200)}";
    }

    private static long? ParseSeconds(string? text) => text is null ? null
        : long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds > 0 ? seconds
        : throw new MesharaException(ErrorCodes.InvalidArgument, $"--ttl '{Printable.Bounded(text, 32)}' must be a whole number of seconds, at least 1.");
}
