using Meshara.Node;
using Meshara.Node.Cli;
using Meshara.Node.Identity;

if (args is [ReadinessProbe.Name])
    return ReadinessProbe.Run();

using var signals = new TerminationSignals();

var host = new CliHost
{
    RunNode = NodeHost.RunAsync,
    CreateKey = static (file, passphrase) => KeyFile.LoadOrCreate(file, passphrase).Address,
};
return await MeshCli.InvokeAsync(args, host, signals.Token);
