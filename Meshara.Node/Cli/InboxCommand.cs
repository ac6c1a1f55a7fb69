using System.CommandLine;
using System.Globalization;
using Meshara.Node.Api.Contracts;
using Spectre.Console;

namespace Meshara.Node.Cli;

/// <summary><c>meshara inbox</c>: prints received messages, or follows new ones.</summary>
internal static class InboxCommand
{
    private const int DefaultLimit = 100, MostPerRequest = 1000, LongestText = 200;

    public static Command Create(CliHost host)
    {
        var client = new ClientOptions();
        var follow = new Option<bool>("--follow", "-f") { Description = "Print messages as they arrive, from --after or else from now, until Ctrl+C (exit code 0)." };
        var after = new Option<string>("--after") { HelpName = "CURSOR", Description = "Only messages after this cursor; 0 is the beginning." };
        var limit = new Option<string>("--limit") { HelpName = "N", Description = "At most this many messages. [default: 100; with --follow no limit]" };
        var command = new MeshCommand("inbox", "Prints received messages, oldest first.",
            "meshara inbox --limit 10",
            "meshara inbox --after 42 --json",
            "meshara inbox --follow --json | jq -r .text")
        {
            follow, after, limit,
        };
        client.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var cursor = Parse("--after", parsed.GetValue(after), 0);
            var most = Parse("--limit", parsed.GetValue(limit), 1);
            var output = client.Output(parsed, host);
            using var node = client.Connect(parsed, host);
            if (parsed.GetValue(follow))
                return await FollowAsync(node, output, cursor, most, cancellationToken);
            var inbox = await ReadAsync(node, cursor ?? 0, most ?? DefaultLimit, cancellationToken);
            output.Write(inbox, MeshJson.Default.InboxResponse, found => ShowTable(output, found));
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>
    /// Reads as many pages as needed: the node limits their size, but a caller who asks for N gets N if there are as many.
    /// </summary>
    private static async Task<InboxResponse> ReadAsync(NodeClient node, long after, long limit, CancellationToken cancellationToken)
    {
        var messages = new List<ReceivedMessage>();
        var isReset = false;
        while (messages.Count < limit)
        {
            var page = await node.ReadInboxAsync(after, (int)Math.Min(limit - messages.Count, MostPerRequest), cancellationToken);
            isReset |= page.Reset;
            after = page.Next;
            if (page.Messages.Count == 0)
                break;
            messages.AddRange(page.Messages);
        }
        return new InboxResponse(messages, after, isReset);
    }

    private static async Task<int> FollowAsync(NodeClient node, CliOutput output, long? after, long? limit, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in node.FollowInboxAsync(after, cancellationToken))
            {
                output.Write(message, MeshJson.Default.ReceivedMessage, received => ShowLine(output, received));
                after = message.Cursor;
                if (--limit == 0)
                    return ExitCodes.Ok;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Following ends in no other way.
            return ExitCodes.Ok;
        }
        throw new MesharaException(ErrorCodes.Unreachable, after is { } cursor
            ? string.Create(CultureInfo.InvariantCulture, $"The node stopped and ended the stream. Go on with --after {cursor} when it is back.")
            : "The node stopped and ended the stream before a message arrived. Try again when it is back.");
    }

    private static void ShowTable(CliOutput output, InboxResponse inbox)
    {
        if (inbox.Messages.Count == 0)
        {
            output.Console.MarkupLine("No messages.");
            return;
        }
        output.WriteTable(["CURSOR", "RECEIVED", "TYPE", "FROM", "MESSAGE"], [.. inbox.Messages.Select(message => (string[])
        [
            message.Cursor.ToString(CultureInfo.InvariantCulture), Time(message), TypeOf(message), Printable.Bounded(message.From, LongestText), Text(message),
        ])]);
    }

    private static void ShowLine(CliOutput output, ReceivedMessage message) => output.Console.MarkupLine(
        $"[grey]{Time(message)}[/] {TypeOf(message)} [blue]{CliOutput.Safe(message.From)}[/] {Spectre.Console.Markup.Escape(Text(message))}");

    private static string Time(ReceivedMessage message) => message.ReceivedAt.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string TypeOf(ReceivedMessage message) => message.Type == ReceivedType.Broadcast ? "broadcast" : "private";

    private static string Text(ReceivedMessage message) => message.Text is null
        ? string.Create(CultureInfo.InvariantCulture, $"({message.Content.Length} bytes, not text; see --json)")
        : Printable.Bounded(message.Text, LongestText);

    private static long? Parse(string flag, string? text, long minimum) => text is null ? null
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= minimum ? value
        : throw new MesharaException(ErrorCodes.InvalidArgument, string.Create(CultureInfo.InvariantCulture,
            $"{flag} '{Printable.Bounded(text, 32)}' must be a whole number, at least {minimum}."));
}
