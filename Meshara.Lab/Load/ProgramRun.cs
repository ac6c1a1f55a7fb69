using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Load;

/// <summary>The report of <c>startup</c>.</summary>
/// <param name="ReadyMs">Median time from the start of the process until <c>/ready</c> returns 200.</param>
/// <param name="FirstMs">The first start in a new folder, which creates the keys and has a cold file cache; not in the median.</param>
/// <param name="Rounds">The time of each start.</param>
internal sealed record StartupReport(double ReadyMs, double FirstMs, IReadOnlyList<double> Rounds);

/// <summary>The report of <c>memory</c>: resident memory of nodes that are ready and idle, in MiB.</summary>
internal sealed record MemoryReport(double ResidentMib, double AfterSeconds, IReadOnlyList<double> Rounds);

/// <summary>The report of <c>connections</c>.</summary>
/// <param name="Peers">Peers connected at the same time, each with its own keys.</param>
/// <param name="Held">Connections according to the node.</param>
/// <param name="KilobytesPerConnection">Added resident memory of the node per connection, in kB (1,000 bytes).</param>
/// <param name="ResidentMib">Resident memory of the node with all peers connected.</param>
/// <param name="ConnectSeconds">Time until all were connected, with both ends of each handshake on one machine.</param>
internal sealed record ConnectionsReport(int Peers, int Held, double KilobytesPerConnection, double ResidentMib, double ConnectSeconds);

/// <summary>The node's own program as operators run it: time until it is ready, and memory when idle and with many peers.</summary>
internal sealed class ProgramRun(ProgramOptions options, StatusConsole console)
{
    private const double Mib = 1024 * 1024;
    private const int Dials = 8;
    private static readonly Dictionary<string, string> Nothing = [];

    // Time for heartbeats, and for buffers of handshakes to be freed.
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(8);

    private readonly string _program = options.Program ?? Locations.NodeExecutable();

    /// <summary>Measures startup: starts the node repeatedly.</summary>
    public async Task<int> StartupAsync(CancellationToken cancellationToken) => await InFolderAsync(async (folder, client) =>
    {
        var times = new List<double>();
        for (var i = 0; i <= options.Rounds; i++)
        {
            await using var node = await NodeProcess.StartAsync(_program, folder, Nothing, client, cancellationToken);
            times.Add(Math.Round(node.ReadyAfter.TotalMilliseconds, 1));
            console.WriteLine(FormattableString.Invariant($"start {i}: ready after {times[^1]:0} ms"));
        }
        var report = new StartupReport(Spread.Of(times.Skip(1)).Median, times[0], times[1..]);
        console.WriteLine(FormattableString.Invariant($"median {report.ReadyMs:0} ms"));
        await WriteAsync(report, cancellationToken);
    });

    /// <summary>Measures the memory of idle nodes.</summary>
    public async Task<int> MemoryAsync(CancellationToken cancellationToken) => await InFolderAsync(async (folder, client) =>
    {
        var sizes = new List<double>();
        for (var i = 1; i <= options.Rounds; i++)
        {
            await using var node = await NodeProcess.StartAsync(_program, folder, Nothing, client, cancellationToken);
            await Task.Delay(options.For, cancellationToken);
            sizes.Add(Math.Round(node.ResidentBytes() / Mib, 1));
            console.WriteLine(FormattableString.Invariant($"node {i}: {sizes[^1]:0.0} MiB resident"));
        }
        var report = new MemoryReport(Spread.Of(sizes).Median, options.For.TotalSeconds, sizes);
        console.WriteLine(FormattableString.Invariant($"median {report.ResidentMib:0.0} MiB"));
        await WriteAsync(report, cancellationToken);
    });

    /// <summary>Measures the memory of a node with many connected peers.</summary>
    public async Task<int> ConnectionsAsync(CancellationToken cancellationToken) => await InFolderAsync(async (folder, client) =>
    {
        await using var node = await NodeProcess.StartAsync(_program, folder, Nothing, client, cancellationToken);
        var peers = new List<PassingPeer>();
        try
        {
            // Connect a few first, so that one-time costs are not attributed to the other connections.
            await ConnectAsync(node, peers, Math.Min(16, options.Peers / 2), cancellationToken);
            await Task.Delay(Settle, cancellationToken);
            var (before, few) = (node.ResidentBytes(), peers.Count);
            var started = TimeProvider.System.GetTimestamp();
            await ConnectAsync(node, peers, options.Peers - few, cancellationToken);
            var elapsed = TimeProvider.System.GetElapsedTime(started);
            await Task.Delay(Settle, cancellationToken);
            var after = node.ResidentBytes();
            var health = await client.GetFromJsonAsync<JsonElement>(new Uri(node.Api, "health"), cancellationToken);
            var report = new ConnectionsReport(
                peers.Count, health.GetProperty("connected_peers").GetInt32(), Math.Round((after - before) / 1000.0 / (peers.Count - few), 1),
                Math.Round(after / Mib, 1), Math.Round(elapsed.TotalSeconds, 1));
            console.WriteLine(FormattableString.Invariant(
                $"{report.Held} of {report.Peers} peers held, {report.KilobytesPerConnection:0.0} KB a connection, {report.ResidentMib:0.0} MiB resident, connected in {report.ConnectSeconds:0.0} s"));
            if (report.Held != report.Peers)
                throw new InvalidOperationException($"{report.Peers} peers connected, and the node holds {report.Held}.");
            await WriteAsync(report, cancellationToken);
        }
        finally
        {
            foreach (var peer in peers)
                await peer.DisposeAsync();
        }
    });

    private static async Task ConnectAsync(NodeProcess node, List<PassingPeer> peers, int count, CancellationToken cancellationToken)
    {
        var gate = new Lock();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = Dials, CancellationToken = cancellationToken }, async (_, token) =>
        {
            var peer = new PassingPeer();
            lock (gate)
                peers.Add(peer);
            await peer.ConnectAsync(node.Mesh, token);
        });
    }

    private static async Task<int> InFolderAsync(Func<string, HttpClient, Task> measure)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-lab-");
        try
        {
            using var client = new HttpClient();
            await measure(Path.Combine(folder.FullName, "node"), client);
            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task WriteAsync<T>(T report, CancellationToken cancellationToken)
    {
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
    }
}
