using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Meshara.Tests.Telemetry;
using Meshara.Tests.Api;

namespace Meshara.Tests.ServiceDefaults;

[Collection(ExportCollection.Name)]
public sealed partial class MetricsEndpointTests
{
    private const string OpenMetrics = "application/openmetrics-text;version=1.0.0";

    // The Accept header of Prometheus 3; the exporter must not accept its offer of UTF-8 names.
    private const string Prometheus3 =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.1";

    private static readonly string[] ContractNames =
    [
        "meshara_build_info", "meshara_connected_peers", "meshara_cpu_usage_percent", "meshara_disk_io_bytes_total",
        "meshara_log_lines_lost_total", "meshara_log_lines_total", "meshara_memory_usage_bytes", "meshara_message_hops_bucket", "meshara_message_hops_count",
        "meshara_message_hops_sum", "meshara_message_latency_seconds_bucket", "meshara_message_latency_seconds_count",
        "meshara_message_latency_seconds_sum", "meshara_messages_sent_total", "meshara_oldest_pending_message_seconds", "meshara_routing_table_size",
    ];

    [Theory]
    [InlineData(null, "text/plain")]
    [InlineData("text/plain", "text/plain")]
    [InlineData(OpenMetrics, "application/openmetrics-text")]
    [InlineData(Prometheus3, "application/openmetrics-text")]
    public async Task Instruments_have_the_names_of_the_contract_in_every_format(string? accept, string mediaType)
    {
        await using var service = await TestService.StartAsync();
        CreateInstruments(service.Meter);

        using var response = await service.GetAsync("/metrics", accept);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(mediaType, response.Content.Headers.ContentType?.MediaType);
        var scrape = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        // OpenMetrics adds the creation time to counters and histograms.
        var names = SeriesName().Matches(scrape).Select(match => match.Value).Where(name => !name.EndsWith("_created", StringComparison.Ordinal));
        Assert.Equal(ContractNames, names.Distinct().Order(StringComparer.Ordinal));
        Assert.Matches("""(?m)^meshara_messages_sent_total\{message_type="private"\} 1( |$)""", scrape);
        Assert.DoesNotContain("otel_scope", scrape, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_runtime_and_the_resource_are_described_too()
    {
        await using var service = await TestService.StartAsync();

        var scrape = await ScrapeAsync(service, OpenMetrics);

        Assert.Contains("dotnet_gc_collections_total", scrape, StringComparison.Ordinal);
        Assert.Contains("kestrel_active_connections", scrape, StringComparison.Ordinal);
        var target = scrape.Split('\n').Single(line => line.StartsWith("target_info{", StringComparison.Ordinal));
        Assert.Contains("service_name=\"meshara\"", target, StringComparison.Ordinal);
        Assert.Contains("service_instance_id=\"node_0001\"", target, StringComparison.Ordinal);
        Assert.Contains("service_version=\"1.2.3\"", target, StringComparison.Ordinal);
        Assert.Contains("meshara_node_name=\"node-1\"", target, StringComparison.Ordinal);
        Assert.Contains("deployment_environment_name=\"development\"", target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Series_beyond_the_limit_of_a_metric_are_added_up_in_one()
    {
        await using var service = await TestService.StartAsync(options => options.MaxSeriesPerMetric = 3);
        var sent = service.Meter.CreateCounter<long>("meshara.messages.sent");
        for (var i = 0; i < 5; i++)
            sent.Add(1, new KeyValuePair<string, object?>("message_type", $"type_{i}"));

        var scrape = await ScrapeAsync(service, OpenMetrics);

        var series = scrape.Split('\n').Where(line => line.StartsWith("meshara_messages_sent_total{", StringComparison.Ordinal)).ToArray();
        Assert.Equal(4, series.Length);
        Assert.Single(series, line => Regex.IsMatch(line, """^meshara_messages_sent_total\{otel_metric_overflow="true"\} 2( |$)"""));
    }

    [Fact]
    public async Task A_bucket_carries_the_trace_that_fell_into_it_as_an_exemplar()
    {
        await using var service = await TestService.StartAsync();
        var latency = service.Meter.CreateHistogram<double>("meshara.message.latency", "s");
        string trace;
        using (var activity = service.Source.StartActivity("send_message"))
        {
            latency.Record(0.02);
            trace = Assert.IsType<System.Diagnostics.Activity>(activity).TraceId.ToHexString();
        }
        latency.Record(0.03); // outside any trace

        var scrape = await ScrapeAsync(service, OpenMetrics);

        var exemplar = Assert.Single(scrape.Split('\n'), line => line.StartsWith("meshara_", StringComparison.Ordinal) && line.Contains(" # {", StringComparison.Ordinal));
        Assert.StartsWith("meshara_message_latency_seconds_bucket", exemplar, StringComparison.Ordinal);
        Assert.Contains($"trace_id=\"{trace}\"", exemplar, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_answer_on_the_metrics_port_only_whatever_the_host_header_says()
    {
        int[] ports = [FreePort.Next(), FreePort.Next()];
        await using var service = await TestService.StartAsync(options => options.MetricsPort = ports[1], ports: ports);
        var (api, metrics) = (0, 1);

        using var scraped = await service.GetAsync("/metrics", address: metrics);
        using var refused = await service.GetAsync("/metrics", address: api);
        using var forged = new HttpRequestMessage(HttpMethod.Get, new Uri(service.Addresses[api], "/metrics"));
        forged.Headers.Host = $"127.0.0.1:{ports[1]}";
        using var forgery = await service.Client.SendAsync(forged, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, scraped.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, forgery.StatusCode);
    }

    [Fact]
    public async Task Scrapes_and_probes_are_not_in_the_request_metrics()
    {
        await using var service = await TestService.StartAsync();
        foreach (var path in (string[])["/metrics", "/health", "/ready", "/live", "/nowhere"])
            (await service.GetAsync(path)).Dispose();

        // A request is counted after its response was sent, and the exporter caches its answer for 300 ms.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        string[] requests;
        do
        {
            deadline.Token.ThrowIfCancellationRequested();
            var scrape = await ScrapeAsync(service, OpenMetrics);
            requests = [.. scrape.Split('\n').Where(line => line.StartsWith("http_server_request_duration_seconds_count", StringComparison.Ordinal))];
        }
        while (requests.Length == 0);

        Assert.Contains("http_response_status_code=\"404\"", Assert.Single(requests), StringComparison.Ordinal);
    }

    private static void CreateInstruments(Meter meter)
    {
        KeyValuePair<string, object?> privately = new("message_type", "private");
        meter.CreateCounter<long>("meshara.messages.sent", "{message}").Add(1, privately);
        meter.CreateHistogram<double>("meshara.message.latency", "s").Record(0.02, privately);
        meter.CreateHistogram<int>("meshara.message.hops", "{hop}").Record(3, privately);
        meter.CreateObservableGauge("meshara.connected_peers", () => 4, "{peer}");
        meter.CreateObservableUpDownCounter("meshara.routing_table.size", () => 4, "{contact}");
        meter.CreateObservableGauge("meshara.memory.usage", () => 4L, "By");
        meter.CreateObservableGauge("meshara.cpu.usage", () => 4.5, "%");
        meter.CreateObservableCounter("meshara.disk.io", () => 4L, "By");
        meter.CreateObservableGauge("meshara.oldest_pending_message", () => 1.5, "s");
        meter.CreateObservableGauge("meshara.build.info", () => 1);
    }

    private static async Task<string> ScrapeAsync(TestService service, string accept)
    {
        using var response = await service.GetAsync("/metrics", accept);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    [GeneratedRegex(@"^meshara_\w+", RegexOptions.Multiline)]
    private static partial Regex SeriesName();
}
