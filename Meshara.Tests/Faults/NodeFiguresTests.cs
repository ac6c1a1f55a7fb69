using Meshara.Harness.Nodes;
using Meshara.Lab.Drills.Hostile;

namespace Meshara.Tests.Faults;

public sealed class NodeFiguresTests
{
    [Fact]
    public void Memory_and_counters_are_read_from_a_scrape()
    {
        var figures = NodeFigures.Of(NodeMetrics.Parse("""
            # TYPE meshara_memory_usage_bytes gauge
            meshara_memory_usage_bytes{otel_scope_name="Meshara"} 110297088 1764464525000
            # TYPE meshara_connections_closed_total counter
            meshara_connections_closed_total{otel_scope_name="Meshara",direction="inbound",reason="protocol"} 3 1764464525000
            meshara_connections_closed_total{otel_scope_name="Meshara",direction="outbound",reason="protocol"} 2 1764464525000
            meshara_connection_errors_total{reason="refused"} 1.5e2
            meshara_errors_total{type="crypto"} 7
            meshara_messages_sent_total{message_type="private"} 900
            """));

        Assert.Equal(110_297_088, figures.MemoryBytes);
        Assert.Equal(["connection_errors.refused 150", "connections_closed.protocol 5", "errors.crypto 7"], figures.Counts.Select(count => $"{count.Key} {count.Value}"));
    }
}
