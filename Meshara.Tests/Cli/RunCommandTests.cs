using System.IO.Pipes;
using System.Net;
using System.Net.Sockets;
using Meshara.Node;
using Meshara.Node.Cli;
using Meshara.Tests.Api;

namespace Meshara.Tests.Cli;

public sealed class RunCommandTests
{
    [Fact]
    public async Task Without_a_command_a_node_runs_with_the_defaults()
    {
        var (exitCode, settings) = await RunAsync();
        Assert.Equal(ExitCodes.Ok, exitCode);
        Assert.Equal(("node-1", "./.meshara/node", null, false),
            (settings!.Node.Name, settings.Node.DataDirectory, settings.Node.PassphraseFile, settings.Node.StopWithInput));
        Assert.Equal(("0.0.0.0:8443", "127.0.0.1", 8080, null, 9090),
            (settings.Mesh.Listen, settings.Api.Host, settings.Api.Port, settings.Api.Token, settings.Metrics.Port));
        Assert.Empty(settings.Mesh.Advertise);
        Assert.Empty(settings.Mesh.Bootstrap);
    }

    [Theory]
    [InlineData("run")]
    [InlineData(null)]
    public async Task Every_flag_reaches_its_setting(string? command)
    {
        string[] flags =
        [
            "--name", "node-7", "--data", "./seven", "--passphrase-file", "./secret", "--stop-with-input", "--mesh", "[::1]:9443",
            "--advertise", "node-7:9443", "--advertise", "10.0.0.7:9443", "--bootstrap", "meshara://node-1", "--bootstrap", "tcp://127.0.0.1:8444",
            "--http", "localhost:9080", "--metrics", "9091",
        ];
        var (exitCode, settings) = await RunAsync(command is null ? flags : [command, .. flags]);
        Assert.Equal(ExitCodes.Ok, exitCode);
        Assert.Equal(("node-7", "./seven", "./secret", true),
            (settings!.Node.Name, settings.Node.DataDirectory, settings.Node.PassphraseFile, settings.Node.StopWithInput));
        Assert.Equal(("[::1]:9443", "localhost", 9080, 9091), (settings.Mesh.Listen, settings.Api.Host, settings.Api.Port, settings.Metrics.Port));
        Assert.Equal(["node-7:9443", "10.0.0.7:9443"], settings.Mesh.Advertise);
        Assert.Equal(["meshara://node-1", "tcp://127.0.0.1:8444"], settings.Mesh.Bootstrap);
        Assert.Equal("node-7", settings.Configuration["Node:Name"]);
    }

    [Theory]
    [InlineData("--http 8080", "--http '8080' must be HOST:PORT")]
    [InlineData("--http ::1:8080", "--http '::1:8080' must be HOST:PORT")]
    [InlineData("--http 127.0.0.1:65536", "must be HOST:PORT")]
    [InlineData("--http example.org:80", "Api:Host 'example.org' must be an IP address or localhost")]
    [InlineData("--http 0.0.0.0:80", "Api:Token must be set")]
    [InlineData("--http [::]:80", "Api:Token must be set")]
    [InlineData("--metrics many", "--metrics 'many' must be a port")]
    [InlineData("--metrics -1", "--metrics '-1' must be a port")]
    [InlineData("--mesh here", "Mesh:Listen 'here' must be HOST:PORT")]
    [InlineData("--advertise none --advertise a:1", "'none' alone")]
    [InlineData("--advertise a:0", "Mesh:Advertise 'a:0' must be HOST:PORT")]
    [InlineData("--bootstrap http://a:1", "Mesh:Bootstrap 'http://a:1' must be meshara://NAME")]
    [InlineData("--bootstrap ", "--bootstrap '' must be meshara://NAME")]
    [InlineData("--bootstrap tcp://a:1 --bootstrap ,", "--bootstrap ',' must be meshara://NAME")]
    [InlineData("--advertise ", "--advertise '' must be HOST:PORT or 'none'")]
    [InlineData("--mesh ", "Mesh:Listen is empty")]
    [InlineData("--data ", "Node:DataDirectory is empty")]
    [InlineData("--passphrase-file ", "--passphrase-file is empty")]
    [InlineData("--bootstrap tcp://a", "Mesh:Bootstrap 'tcp://a' must be")]
    [InlineData("--bootstrap meshara://a/b", "Mesh:Bootstrap 'meshara://a/b' must be")]
    [InlineData("--name bad/name", "Node:Name must be 1 to 63 letters")]
    [InlineData("--name", "--name")]
    [InlineData("--nmae x", "'--nmae'")]
    [InlineData("run fast", "'fast'")]
    [InlineData("jump", "'jump'")]
    public async Task A_flag_that_makes_no_sense_is_one_line_and_exit_code_2(string line, string reason)
    {
        var run = new CliRun();
        run.AssertFailed(ExitCodes.Usage, await run.InvokeAsync(line.Split(' ')), reason);
    }

    [Theory]
    [InlineData(ErrorCodes.Configuration, ExitCodes.Usage)]
    [InlineData(ErrorCodes.Listen, ExitCodes.CannotListen)]
    [InlineData(ErrorCodes.KeyFile, ExitCodes.KeyFile)]
    [InlineData(ErrorCodes.Storage, ExitCodes.Storage)]
    [InlineData(ErrorCodes.Crypto, ExitCodes.Unexpected)]
    public async Task A_node_that_cannot_start_says_why_in_one_line(string code, int exitCode)
    {
        var run = new CliRun { RunNode = (_, _) => throw new MesharaException(code, "First line\nsecond line\u001b[31m.") };
        run.AssertFailed(exitCode, await run.InvokeAsync("run"), "First line second line·[31m.");
    }

    [Fact]
    public async Task A_port_in_use_is_exit_code_3()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var run = new CliRun
        {
            RunNode = async (settings, _) =>
            {
                await using var server = await ApiServer.StartAsync(new() { ["Api:Port"] = $"{settings.Api.Port}" });
                return ExitCodes.Ok;
            },
        };
        run.AssertFailed(ExitCodes.CannotListen, await run.InvokeAsync("--http", $"127.0.0.1:{port}"), "address already in use");
    }

    [Fact]
    public async Task The_end_of_standard_input_stops_a_node_that_was_told_so()
    {
        await using var parent = new AnonymousPipeServerStream(PipeDirection.Out);
        var input = new AnonymousPipeClientStream(PipeDirection.In, parent.ClientSafePipeHandle);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var run = new CliRun { OpenInput = () => input, RunNode = (_, stop) => UntilAsync(started, stop) };
        var ended = run.InvokeAsync("run", "--stop-with-input");
        await started.Task.WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken);
        parent.WriteByte(1);
        await parent.FlushAsync(TestContext.Current.CancellationToken);
        Assert.False(ended.IsCompleted);

        await parent.DisposeAsync();
        Assert.Equal(ExitCodes.Ok, await ended);
    }

    [Fact]
    public async Task A_signal_stops_the_node()
    {
        using var signal = new CancellationTokenSource();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new CliRun { RunNode = (_, stop) => UntilAsync(started, stop) }.InvokeAsync(signal.Token, "run");
        await started.Task.WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken);
        await signal.CancelAsync();
        Assert.Equal(ExitCodes.Ok, await ended);
    }

    private static async Task<int> UntilAsync(TaskCompletionSource started, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult);
        started.SetResult();
        await stopped.Task;
        return ExitCodes.Ok;
    }

    private static async Task<(int ExitCode, NodeSettings? Settings)> RunAsync(params string[] args)
    {
        NodeSettings? seen = null;
        var run = new CliRun
        {
            RunNode = (settings, _) =>
            {
                seen = settings;
                return Task.FromResult(ExitCodes.Ok);
            },
        };
        return (await run.InvokeAsync(args), seen);
    }
}
