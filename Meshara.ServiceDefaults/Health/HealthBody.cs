using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.ServiceDefaults.Health;

/// <summary>The bodies of the health endpoints; the order of their members is part of the telemetry contract.</summary>
internal static class HealthBody
{
    private const int MaxReason = 256;

    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary><c>{"status":"Healthy","uptime":123,"connected_peers":4,"pending_messages":0,"memory_mb":58,"cpu_percent":2.4,"checks":{"peers":"Healthy"}}</c></summary>
    public static byte[] OfHealth(
        HealthReport report, TimeSpan uptime, int connectedPeers, int pendingMessages, long memoryBytes, double cpuPercent) => Write(json =>
    {
        json.WriteString("status"u8, Name(report.Status));
        json.WriteNumber("uptime"u8, (long)uptime.TotalSeconds);
        json.WriteNumber("connected_peers"u8, connectedPeers);
        json.WriteNumber("pending_messages"u8, pendingMessages);
        json.WriteNumber("memory_mb"u8, memoryBytes / (1024 * 1024));
        json.WritePropertyName("cpu_percent"u8);
        json.WriteRawValue(cpuPercent.ToString("F1", CultureInfo.InvariantCulture));
        json.WriteStartObject("checks"u8);
        foreach (var (name, entry) in report.Entries)
            json.WriteString(name, Name(entry.Status));
        json.WriteEndObject();
    });

    /// <summary><c>{"status":"Unhealthy","failed":[{"check":"storage","status":"Unhealthy","reason":"the disk is full"}]}</c></summary>
    public static byte[] OfProbe(HealthReport report) => Write(json =>
    {
        json.WriteString("status"u8, Name(report.Status));
        json.WriteStartArray("failed"u8);
        foreach (var (name, entry) in report.Entries)
        {
            if (entry.Status == HealthStatus.Healthy)
                continue;
            json.WriteStartObject();
            json.WriteString("check"u8, name);
            json.WriteString("status"u8, Name(entry.Status));
            json.WriteString("reason"u8, Reason(entry));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Format);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static string Name(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "Healthy",
        HealthStatus.Degraded => "Degraded",
        _ => "Unhealthy",
    };

    private static string Reason(HealthReportEntry entry)
    {
        var reason = entry.Description ?? entry.Exception?.Message ?? "no reason given";
        return reason.Length <= MaxReason ? reason : string.Concat(reason.AsSpan(0, MaxReason), "…");
    }
}
