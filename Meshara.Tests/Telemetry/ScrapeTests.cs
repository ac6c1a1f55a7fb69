using System.Globalization;
using System.Text;
using Meshara.Node;
using Meshara.Tests.Alerts;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Telemetry;

[Collection(ExportCollection.Name)]
public sealed class ScrapeTests
{
    /// <summary>The names in bold in the telemetry contract, and others that this traffic produces.</summary>
    private static readonly string[] Names =
    [
        "meshara_messages_sent_total", "meshara_messages_received_total", "meshara_message_latency_seconds_bucket", "meshara_connected_peers",
        "meshara_routing_table_size", "meshara_message_queue_size", "meshara_connection_errors_total", "meshara_errors_total",
        "meshara_memory_usage_bytes", "meshara_cpu_usage_percent", "meshara_disk_io_bytes_total",
        "meshara_delivery_attempts_total", "meshara_message_hops_bucket", "meshara_oldest_pending_message_seconds", "meshara_broadcast_propagation_seconds_bucket",
        "meshara_connections_opened_total", "meshara_handshake_duration_seconds_bucket", "meshara_dht_lookup_duration_seconds_bucket",
        "meshara_dht_lookup_hops_bucket", "meshara_network_bytes_total", "meshara_build_info",
    ];

    [Fact]
    public async Task A_scrape_after_traffic_has_every_name_of_the_contract()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await mesh.AreAllConnectedAsync();
        foreach (var (from, to) in new[] { (0, 1), (1, 0), (1, 2) })
            await nodes[from].EndsAsync(await nodes[from].SendAsync(nodes[to], "counted"));
        await nodes[1].Messenger.BroadcastAsync(Encoding.UTF8.GetBytes("to all"), TestContext.Current.CancellationToken);
        await nodes[0].ReceivesAsync("to all");
        await using (var garbage = await RawPeer.ConnectAsync(nodes[0].Bound))
            await garbage.SendAsync("garbage\r\n\r\n"u8.ToArray());
        await Eventually.TrueAsync(() => nodes[0].Metrics.Sum("meshara.errors", "protocol") == 1, "the garbage is counted");
        await Eventually.TrueAsync(() => nodes[0].Metrics.Sum("meshara.messages.received", "ping") > 0, "the first heartbeat has come");

        using var client = new HttpClient();
        var scrape = await client.GetStringAsync(new Uri(nodes[0].Http, "/metrics"), TestContext.Current.CancellationToken);
        var lines = scrape.Split('\n');
        Assert.All(Names, name => Assert.Contains(lines, line => line.StartsWith(name + "{", StringComparison.Ordinal) || line.StartsWith(name + " ", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.StartsWith("meshara_connected_peers", StringComparison.Ordinal) && line.Contains(" 2", StringComparison.Ordinal));
        foreach (var type in new[] { "private", "broadcast", "ack", "dht", "ping" })
            Assert.Contains(lines, line => line.StartsWith("meshara_messages_received_total{", StringComparison.Ordinal) && line.Contains($"message_type=\"{type}\"", StringComparison.Ordinal));
        foreach (var bucket in new[] { "0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf" })
            Assert.Contains(lines, line => line.StartsWith("meshara_message_latency_seconds_bucket{", StringComparison.Ordinal) && line.Contains($"le=\"{bucket}\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fresh_node_has_every_series_of_every_counter_and_its_start()
    {
        var started = DateTimeOffset.UtcNow;
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await node.BecomesReadyAsync();
        using var client = new HttpClient();
        var scrape = await client.GetStringAsync(new Uri(node.Http, "/metrics"), TestContext.Current.CancellationToken);

        var series = scrape.Split('\n').Where(line => line.Length > 0 && !line.StartsWith('#')).ToList();
        Assert.InRange(series.Count, 1, 249);
        var counters = TelemetryContract.Load().Metrics.Where(metric => metric.Value.Type == "counter" && metric.Value.Labels.Count > 0).ToList();
        Assert.NotEmpty(counters);
        foreach (var (name, counter) in counters.Where(counter => counter.Key != "meshara_telemetry_export_failures_total")) // exists only for exported signals
        {
            foreach (var labels in Combinations([.. counter.Labels.Where(label => !counter.Optional.Contains(label.Key))]))
                Assert.Contains(series, line => line.StartsWith(name + "{", StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal)));
        }
        // A broadcast is not acknowledged, so it cannot fail.
        Assert.Equal(
            ["broadcast_message", "send_message", "send_message _OTHER", "send_message expired", "send_message rejected", "send_message storage"],
            Family.Parse(scrape).Single(family => family.Name == "messaging_client_sent_messages_total").Samples
                .Select(labels => $"{labels["messaging_operation_name"]} {labels.GetValueOrDefault("error_type")}".Trim()).Order(StringComparer.Ordinal));

        var start = double.Parse(Assert.Single(series, line => line.StartsWith("process_start_time_seconds", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
        Assert.InRange(start, started.AddDays(-1).ToUnixTimeSeconds(), started.ToUnixTimeSeconds());
    }

    private static IEnumerable<List<string>> Combinations(List<KeyValuePair<string, string[]>> labels) => labels.Aggregate(
        (IEnumerable<List<string>>)[[]], (rows, label) => rows.SelectMany(row => label.Value.Select(value => (List<string>)[.. row, $"{label.Key}=\"{value}\""])));

    [Fact]
    public async Task No_label_carries_an_address_or_an_id()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        var id = await nodes[0].SendAsync(nodes[1], "counted");
        await nodes[0].EndsAsync(id);
        using var client = new HttpClient();
        var scrape = await client.GetStringAsync(new Uri(nodes[0].Http, "/metrics"), TestContext.Current.CancellationToken);
        var own = scrape.Split('\n').Where(line => line.StartsWith("meshara_", StringComparison.Ordinal) || line.StartsWith("messaging_", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(own);
        foreach (var secret in new[] { nodes[0].Address.ToString(), nodes[1].Address.ToString(), nodes[0].View.Info.NodeId, id.ToString() })
            Assert.DoesNotContain(own, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Health_says_how_the_mesh_is()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await Eventually.TrueAsync(() => nodes[0].View.ConnectedPeers == 1, "they are connected");
        using var client = new HttpClient();
        var health = await client.GetStringAsync(new Uri(nodes[0].Http, "/health"), TestContext.Current.CancellationToken);
        Assert.Contains("\"status\":\"Healthy\"", health, StringComparison.Ordinal);
        Assert.Contains("\"connected_peers\":1", health, StringComparison.Ordinal);
        using var ready = await client.GetAsync(new Uri(nodes[1].Http, "/ready"), TestContext.Current.CancellationToken);
        Assert.True(ready.IsSuccessStatusCode);
        Assert.Equal(NodeState.Ready, nodes[1].View.State);
    }
}
