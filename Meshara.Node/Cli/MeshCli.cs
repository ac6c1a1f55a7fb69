using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Meshara.Node.Cli;

/// <summary>The <c>meshara</c> command line.</summary>
internal static class MeshCli
{
    private static readonly string[] RootExamples =
    [
        "meshara --name node-1 --data ./node-1",
        "meshara run --name node-2 --data ./node-2 --mesh 0.0.0.0:8444 --http 127.0.0.1:8081 --metrics 9091 --bootstrap tcp://127.0.0.1:8443",
        "meshara send --to ADDRESS \"hello\" --wait",
        "meshara inbox --follow --json",
    ];

    /// <summary>Runs one command line; every failure becomes one line on stderr and an exit code.</summary>
    /// <param name="args">The arguments after the program's name.</param>
    /// <param name="host">The surroundings of the commands.</param>
    /// <param name="cancellationToken">Cancelled by Ctrl+C or SIGTERM.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args, CliHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        try
        {
            // Response files are off: "@alice see you" is a message and must not read a file named alice.
            var parsed = Build(host).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Action is ParseErrorAction || (parsed.Errors.Count > 0 && parsed.Action is not { ClearsParseErrors: true }))
                return Usage(parsed).WriteTo(host.Error);
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    Output = host.Out,
                    Error = host.Error,
                    EnableDefaultExceptionHandler = false,
                    // A draining node takes longer than this handler allows, and the caller handles the signals.
                    ProcessTerminationTimeout = null,
                },
                cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception exception)
        {
            return CliFailure.Of(exception).WriteTo(host.Error);
        }
    }

    private static RootCommand Build(CliHost host)
    {
        var run = new RunFlags();
        var root = new RootCommand("A node of the Meshara peer-to-peer message mesh. Without a command it runs a node.")
        {
            RunCommand.Create(run, host),
            KeygenCommand.Create(host),
            SendCommand.Create(host),
            BroadcastCommand.Create(host),
            InboxCommand.Create(host),
            PeersCommand.Create(host),
            StatusCommand.Create(host),
            TopCommand.Create(host),
        };
        run.AddTo(root);
        root.SetAction((parsed, cancellationToken) => RunCommand.InvokeAsync(run, parsed, host, cancellationToken));
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpPage((SynchronousCommandLineAction)help.Action!, RootExamples);
        return root;
    }

    private static CliFailure Usage(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command is RootCommand ? "meshara" : $"meshara {parsed.CommandResult.Command.Name}";
        var message = parsed.Errors.Count > 0 ? parsed.Errors[0].Message : "the command line cannot be read.";
        return new CliFailure($"{Printable.Bounded(message.ReplaceLineEndings(" "), 400)} See '{command} --help'.", ExitCodes.Usage);
    }
}
