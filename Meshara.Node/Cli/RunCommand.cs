using System.CommandLine;

namespace Meshara.Node.Cli;

/// <summary><c>meshara run</c>: runs a node until it is asked to stop.</summary>
internal static class RunCommand
{
    public static Command Create(RunFlags flags, CliHost host)
    {
        var command = new MeshCommand("run",
            "Runs a node until Ctrl+C or SIGTERM. Flags win over the environment (Section__Key), which wins over appsettings.json; "
            + "the API's token is set in the environment only (Api__Token).",
            "meshara run --name node-1 --data ./node-1",
            "meshara run --name node-2 --data ./node-2 --mesh 0.0.0.0:8444 --http 127.0.0.1:8081 --metrics 9091 --bootstrap tcp://127.0.0.1:8443",
            "Api__Token=$(cat token) meshara run --http 0.0.0.0:8080 --passphrase-file ./passphrase");
        flags.AddTo(command);
        command.SetAction((parsed, cancellationToken) => InvokeAsync(flags, parsed, host, cancellationToken));
        return command;
    }

    public static async Task<int> InvokeAsync(RunFlags flags, ParseResult parsed, CliHost host, CancellationToken cancellationToken)
    {
        var settings = NodeSettings.Load(flags.ToConfiguration(parsed));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var watch = settings.Node.StopWithInput ? InputWatch.Start(host.OpenInput(), stop) : null;
        return await host.RunNode(settings, stop.Token);
    }
}
