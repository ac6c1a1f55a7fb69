using Meshara.Node;
using Meshara.Node.Cli;
using Meshara.Node.Identity;

if (args is [Probe.Name])
    return Probe.Run("/ready");
if (args is [Probe.Name, Probe.Health])
    return Probe.Run("/health");

using var signals = new TerminationSignals();

var host = new CliHost
{
    RunNode = NodeHost.RunAsync,
    CreateKey = static (file, passphrase) => KeyFile.LoadOrCreate(file, passphrase).Address,
};
return await MeshCli.InvokeAsync(args, host, signals.Token);
