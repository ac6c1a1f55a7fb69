using System.Text.Json;
using System.Text.RegularExpressions;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Logging;

/// <summary>The log files of a real mesh, as Filebeat reads them, under the mapping of their index.</summary>
[Collection(MeshCollection.Name)]
public sealed partial class RealLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_line_of_a_run_is_indexed_as_it_is()
    {
        await RunAsync();

        var files = Directory.GetFiles(_folder.Path);
        Assert.All(files, file => Assert.Matches(FileName(), Path.GetFileName(file)));
        var lines = files.SelectMany(File.ReadLines).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var mapping = IndexMapping.Load();
        Assert.Empty(lines.SelectMany(line => mapping.Conflicts(line).Select(conflict => $"{conflict}: {line}")).Take(10));

        var events = lines.Select(line => line.TryGetProperty("event", out var name) ? name.GetString() : null).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(new HashSet<string?> { "NodeReady", "PeerConnected", "Joined", "MessageRouted", "MessageReceived", "MessageDelivered", "BroadcastReceived" }, events);
        // Lines of libraries have fields that this project does not define.
        Assert.Contains(lines, line => !line.GetProperty("target").GetString()!.StartsWith("meshara", StringComparison.Ordinal));
    }

    private async Task RunAsync()
    {
        await using var mesh = await LocalMesh.StartAsync(2, Test, environment: new Dictionary<string, string>
        {
            ["MESHARA_LOG"] = "trace",
            ["MESHARA_LOG_DIR"] = _folder.Path,
        });
        await mesh.Nodes[0].SendAsync(mesh.Nodes[1], "hello", Test);
        await mesh.Nodes[1].ReceiveAsync("hello", Test);
        await mesh.Nodes[1].BroadcastAsync("to everybody", Test);
        await mesh.Nodes[0].ReceiveAsync("to everybody", Test);
        Assert.All(await mesh.StopAsync(Test), exitCode => Assert.Equal(0, exitCode));
    }

    // File names that filebeat.yml assumes are never reused.
    [GeneratedRegex(@"^node-[12]-\d{8}(_\d{3})?\.log$")]
    private static partial Regex FileName();
}
