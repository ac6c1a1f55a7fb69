using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Meshara.Tests.Telemetry;

namespace Meshara.Tests.ServiceDefaults;

[Collection(ExportCollection.Name)]
public sealed partial class JsonLogTests
{
    private static readonly DateTimeOffset Now = new(2025, 12, 23, 10, 34, 12, 456, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_line_is_exactly_the_one_of_the_contract()
    {
        await using var service = await StartAsync();
        using var activity = service.Source.StartActivity("send_message");
        Assert.NotNull(activity);

        Log.MessageRouted(service.Logger("Meshara.Node.Transport.Connection"), "abc123", "def456");
        await service.Output.EventAsync("MessageRouted", Cancelled);

        Assert.Contains(
            $$$"""{"timestamp":"2025-12-23T10:34:12.456Z","level":"INFO","target":"meshara::network","message":"Message routed successfully","message_id":"abc123","recipient":"def456","span":{"name":"send_message","node_id":"node_0001"},"trace_id":"{{{activity.TraceId}}}","span_id":"{{{activity.SpanId}}}","event":"MessageRouted"}""",
            service.Output.Text.Split('\n'));
    }

    [Fact]
    public async Task Every_level_has_its_contract_name()
    {
        await using var service = await StartAsync("trace");
        var logger = service.Logger("Meshara.Node.Routing");

        foreach (var level in (LogLevel[])[LogLevel.Trace, LogLevel.Debug, LogLevel.Information, LogLevel.Warning, LogLevel.Error, LogLevel.Critical])
            Log.At(logger, level, level);
        await service.Output.LineAsync(line => line.TryGetProperty("given", out var given) && given.GetString() == "Critical", Cancelled);

        Assert.Equal(
            ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "ERROR"],
            service.Output.Lines.Where(line => line.TryGetProperty("given", out _)).Select(line => line.GetProperty("level").GetString()));
    }

    [Fact]
    public async Task An_exception_becomes_error_and_stack_with_its_causes()
    {
        await using var service = await StartAsync();
        Exception thrown;
        try
        {
            throw new InvalidOperationException("cannot\nroute", new TimeoutException("no answer"));
        }
        catch (InvalidOperationException e)
        {
            thrown = e;
        }

        Log.RoutingFailed(service.Logger("Meshara.Node.Routing"), thrown, "node-2");
        var line = await service.Output.EventAsync("RoutingFailed", Cancelled);

        Assert.Equal("meshara::routing", line.GetProperty("target").GetString());
        Assert.Equal("""{"type":"System.InvalidOperationException","message":"cannot\nroute"}""", line.GetProperty("error").GetRawText());
        Assert.Contains("System.TimeoutException: no answer", line.GetProperty("stack").GetString(), StringComparison.Ordinal);
        Assert.Contains(nameof(An_exception_becomes_error_and_stack_with_its_causes), line.GetProperty("stack").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_of_a_peer_can_neither_break_the_line_nor_reorder_nor_fill_it()
    {
        await using var service = await StartAsync();
        var hostile = "a\n{\"level\":\"ERROR\"}\r\0\u001b[31m\u2028\u2029\u202e\ud800";

        Log.PeerSaid(service.Logger("Meshara.Node.Transport"), hostile, new string('x', 100_000));
        var line = await service.Output.EventAsync("PeerSaid", Cancelled);

        Assert.Equal("a\n{\"level\":\"ERROR\"}\r\0\u001b[31m\u2028\u2029\ufffd\ufffd", line.GetProperty("hostile").GetString());
        Assert.Equal(2049, line.GetProperty("huge").GetString()!.Length);
        var raw = Assert.Single(service.Output.Text.Split('\n'), text => text.Contains("PeerSaid", StringComparison.Ordinal));
        Assert.DoesNotContain(raw, c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202e');
        Assert.InRange(raw.Length, 1, 16 * 1024);
    }

    [Fact]
    public async Task Names_that_the_line_uses_itself_are_kept_apart()
    {
        await using var service = await StartAsync();

        Log.Colliding(service.Logger("Meshara.Node.Routing"), "a", "b", "c", "d", "e");
        var line = await service.Output.EventAsync("Colliding", Cancelled);

        Assert.Equal(
            ["timestamp", "level", "target", "message", "field_level", "field_trace_id", "peer_id", "peer_id_2", "field_error", "span", "event"],
            line.EnumerateObject().Select(member => member.Name));
        Assert.Equal("INFO", line.GetProperty("level").GetString());
        Assert.Equal("a", line.GetProperty("field_level").GetString());
        Assert.Equal("d", line.GetProperty("peer_id_2").GetString());
    }

    [Fact]
    public async Task Values_keep_their_json_types()
    {
        await using var service = await StartAsync();

        var logger = service.Logger("Meshara.Node.Routing");
        // Lists go into a scope, because lists among a call's arguments are already text when they arrive here.
        using (logger.BeginScope(new Dictionary<string, object?> { ["List"] = new[] { "x", "y" }, ["Blob"] = new byte[5] }))
            Log.Typed(logger, 7, 1.5, double.NaN, true, TimeSpan.FromMilliseconds(1500), Now, DayOfWeek.Friday, null);
        var line = await service.Output.EventAsync("Typed", Cancelled);

        Assert.Equal(
            """7 1.5 "NaN" true 1.5 "2025-12-23T10:34:12.456Z" ["x","y"] "5 bytes" "Friday" null""",
            string.Join(' ', ((string[])["integer", "real", "not_a_number", "flag", "took", "at", "list", "blob", "day", "nothing"])
                .Select(name => line.GetProperty(name).GetRawText())));
    }

    [Fact]
    public async Task Scope_values_become_fields_and_the_inner_scope_wins()
    {
        await using var service = await StartAsync();
        var logger = service.Logger("Meshara.Node.Routing");

        using (logger.BeginScope(new Dictionary<string, object?> { ["Peer"] = "outer", ["Recipient"] = "outer", ["Lookup"] = 1 }))
        using (logger.BeginScope(new Dictionary<string, object?> { ["Peer"] = "inner" }))
            Log.MessageRouted(logger, "abc", "own");
        var line = await service.Output.EventAsync("MessageRouted", Cancelled);

        Assert.Equal("inner", line.GetProperty("peer").GetString());
        Assert.Equal("own", line.GetProperty("recipient").GetString());
        Assert.Equal(1, line.GetProperty("lookup").GetInt32());
    }

    [Fact]
    public async Task A_category_without_an_entry_is_its_own_target()
    {
        await using var service = await StartAsync();

        Log.MessageRouted(service.Logger("Meshara.Node.TransportX"), "1", "2");
        var line = await service.Output.EventAsync("MessageRouted", Cancelled);

        Assert.Equal("meshara::node::transportx", line.GetProperty("target").GetString());
        Assert.False(line.GetProperty("span").TryGetProperty("name", out _));
        Assert.False(line.TryGetProperty("trace_id", out _));
    }

    [Fact]
    public async Task Everything_on_standard_output_is_a_line_of_this_shape()
    {
        var service = await StartAsync();
        await service.DisposeAsync();

        Assert.NotEmpty(service.Output.Lines);
        Assert.All(service.Output.Lines, line => Assert.Equal(JsonValueKind.String, line.GetProperty("target").ValueKind));
    }

    private static Task<TestService> StartAsync(string? filter = null)
    {
        Activity.Current = null; // the test runner may have one
        return TestService.StartAsync(
            build: builder => builder.Services.AddSingleton<TimeProvider>(new FakeTimeProvider(Now)),
            settings: new() { ["MESHARA_LOG"] = filter });
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Message routed successfully", EventName = "MessageRouted")]
        public static partial void MessageRouted(ILogger logger, string messageId, string recipient);

        [LoggerMessage(2, LogLevel.Error, "Routing to {Peer} failed", EventName = "RoutingFailed")]
        public static partial void RoutingFailed(ILogger logger, Exception exception, string peer);

        [LoggerMessage(3, LogLevel.Information, "Peer said {Hostile} and {Huge}", EventName = "PeerSaid")]
        public static partial void PeerSaid(ILogger logger, string hostile, string huge);

        [LoggerMessage(4, LogLevel.Information, "{Level} {TraceId} {PeerId} {Peer_id} {Error}", EventName = "Colliding")]
        public static partial void Colliding(ILogger logger, string level, string traceId, string peerId, string peer_id, string error);

        [LoggerMessage(5, LogLevel.Information, "Types", EventName = "Typed")]
        public static partial void Typed(
            ILogger logger, int integer, double real, double notANumber, bool flag, TimeSpan took, DateTimeOffset at,
            DayOfWeek day, string? nothing);

        [LoggerMessage(EventId = 6, Message = "Level {Given}", EventName = "AtLevel")]
        public static partial void At(ILogger logger, LogLevel level, LogLevel given);
    }
}
