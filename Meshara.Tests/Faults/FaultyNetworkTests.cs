using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Meshara.Harness.Network;
using Meshara.Tests.Api;

namespace Meshara.Tests.Faults;

/// <summary>
/// The faulty network between the nodes of a drill. This test is node 1, which dials; nodes 1 and 2 are listeners that echo what they
/// receive.
/// </summary>
public sealed class FaultyNetworkTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly EchoServer _one = new();
    private readonly EchoServer _two = new();
    private readonly int[] _ports = [FreePort.Next(), FreePort.Next()];
    private readonly FaultyNetwork _network;
    private int _unknown;

    public FaultyNetworkTests() => _network = new FaultyNetwork(
        [(1, _ports[0], _one.Port), (2, _ports[1], _two.Port)],
        () => Interlocked.Decrement(ref _unknown) >= 0 ? new Dictionary<int, int>() : new Dictionary<int, int> { [Environment.ProcessId] = 1 }, seed: 1, TimeProvider.System);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _network.Start();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _network.DisposeAsync();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    [Fact]
    public async Task Bytes_pass_unchanged_and_so_does_the_end()
    {
        using var link = await DialAsync(2);
        var stream = link.GetStream();
        var sent = new byte[300_000];
        Random.Shared.NextBytes(sent);
        var received = new byte[sent.Length];

        var reading = stream.ReadExactlyAsync(received, Test).AsTask();
        await stream.WriteAsync(sent, Test);
        await reading.WaitAsync(Deadline, Test);
        Assert.Equal(sent, received);

        link.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await stream.ReadAsync(received, Test).AsTask().WaitAsync(Deadline, Test));
    }

    [Fact]
    public async Task A_slow_network_takes_its_time_both_ways()
    {
        using var link = await DialAsync(2);
        await EchoAsync(link);
        _network.Conditions = new LinkConditions { Latency = TimeSpan.FromMilliseconds(100) };

        var started = Stopwatch.GetTimestamp();
        await EchoAsync(link);
        // Timers tick on a coarser clock than the one that measures.
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(180), Deadline);
    }

    [Fact]
    public async Task A_narrow_link_carries_so_many_bytes_a_second_and_keeps_few_of_those_that_wait()
    {
        using var link = await DialAsync(2);
        await EchoAsync(link);
        _network.Conditions = new LinkConditions { BytesPerSecond = 1_000_000 };
        link.SendBufferSize = 64 * 1024;

        var started = Stopwatch.GetTimestamp();
        var reading = link.GetStream().ReadExactlyAsync(new byte[1_500_000], Test).AsTask();
        await link.GetStream().WriteAsync(new byte[1_500_000], Test);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(0.8), Deadline);
        await reading.WaitAsync(Deadline, Test);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromSeconds(1.4), Deadline);
    }

    [Fact]
    public async Task A_slow_node_is_slow_and_the_others_are_not()
    {
        using var slow = await DialAsync(2);
        using var quick = await DialAsync(1);
        await EchoAsync(slow);
        _network.SetConditions(2, new LinkConditions { Latency = TimeSpan.FromSeconds(1) });

        var echo = EchoAsync(slow);
        await EchoAsync(quick);
        Assert.False(echo.IsCompleted);
        await echo;

        _network.SetConditions(2, LinkConditions.Good);
        await EchoAsync(slow);
    }

    [Fact]
    public async Task A_slow_node_is_slow_where_it_has_dialled_even_if_that_cannot_be_told_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The proxies can tell who dials on Linux only.");
        _unknown = 2;
        using var link = await DialAsync(2);
        await EchoAsync(link);
        Assert.True(_unknown < 0);
        _network.SetConditions(1, new LinkConditions { Latency = TimeSpan.FromMilliseconds(100) });

        var started = Stopwatch.GetTimestamp();
        await EchoAsync(link);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(180), Deadline);
    }

    [Fact]
    public async Task What_is_sent_across_a_silent_split_arrives_when_it_heals()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The proxies can tell who dials on Linux only.");
        using var across = await DialAsync(2);
        using var beside = await DialAsync(1);
        await EchoAsync(across);
        _network.Split([2], Breach.Silent);

        var echo = EchoAsync(across);
        using var late = await DialAsync(2);
        var lateEcho = EchoAsync(late);
        // The same round trip on this side takes no time, so by now the others would have completed unless they were held back.
        for (var i = 0; i < 20; i++)
            await EchoAsync(beside);
        Assert.False(echo.IsCompleted || lateEcho.IsCompleted);

        _network.Heal();
        await echo;
        await lateEcho;
    }

    [Fact]
    public async Task A_rejecting_split_breaks_connections_across_it_and_only_those()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The proxies can tell who dials on Linux only.");
        using var across = await DialAsync(2);
        using var beside = await DialAsync(1);
        await EchoAsync(across);
        await EchoAsync(beside);

        _network.Split([2], Breach.Rejecting);

        await Assert.ThrowsAnyAsync<IOException>(() => EchoAsync(across));
        using (var refused = await DialAsync(2))
            await Assert.ThrowsAnyAsync<IOException>(() => EchoAsync(refused));
        await EchoAsync(beside);

        _network.Heal();
        using var again = await DialAsync(2);
        await EchoAsync(again);
    }

    [Fact]
    public async Task Who_has_dialled_may_be_found_out_at_the_first_split()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The proxies can tell who dials on Linux only.");
        int[] ports = [FreePort.Next(), FreePort.Next()];
        var asked = 0;
        await using var network = new FaultyNetwork(
            [(1, ports[0], _one.Port), (2, ports[1], _two.Port)],
            () =>
            {
                Interlocked.Increment(ref asked);
                return new Dictionary<int, int> { [Environment.ProcessId] = 1 };
            },
            seed: 1, TimeProvider.System, identifiesAtOnce: false);
        network.Start();
        using var across = await DialPortAsync(ports[1]);
        using var beside = await DialPortAsync(ports[0]);
        await EchoAsync(across);
        await EchoAsync(beside);
        Assert.Equal(0, asked);

        network.Split([2], Breach.Rejecting);

        Assert.Equal(1, asked); // once for all of them
        await Assert.ThrowsAnyAsync<IOException>(() => EchoAsync(across));
        await EchoAsync(beside);
        using var late = await DialPortAsync(ports[0]);
        await EchoAsync(late);
    }

    [Fact]
    public async Task A_connection_can_be_reset()
    {
        using var link = await DialAsync(2);
        await EchoAsync(link);

        _network.ResetOne();

        await Assert.ThrowsAnyAsync<IOException>(() => EchoAsync(link));
        using var again = await DialAsync(2);
        await EchoAsync(again);
    }

    private Task<TcpClient> DialAsync(int node) => DialPortAsync(_ports[node - 1]);

    private static async Task<TcpClient> DialPortAsync(int port)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Test);
        return client;
    }

    private static async Task EchoAsync(TcpClient link)
    {
        var buffer = new byte[1];
        await link.GetStream().WriteAsync(buffer, Test);
        await link.GetStream().ReadExactlyAsync(buffer, Test).AsTask().WaitAsync(Deadline, Test);
    }

    private sealed class EchoServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public EchoServer()
        {
            _listener.Start();
            _serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Dispose();
            _stop.Dispose();
        }

        private async Task ServeAsync()
        {
            var connections = new List<Task>();
            try
            {
                while (true)
                    connections.Add(EchoAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (OperationCanceledException)
            {
                await Task.WhenAll(connections);
            }
        }

        private async Task EchoAsync(TcpClient client)
        {
            using (client)
            {
                try
                {
                    await client.GetStream().CopyToAsync(client.GetStream(), _stop.Token);
                }
                catch (Exception exception) when (exception is IOException or OperationCanceledException)
                {
                    // The network broke the connection on purpose, or the test is over.
                }
            }
        }
    }
}
