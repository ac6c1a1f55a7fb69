using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using Google.Protobuf;
using Meshara.Tests.Otlp.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Meshara.Tests.Otlp;

/// <summary>
/// A collector on free loopback ports that accepts OTLP over gRPC and HTTP with protobuf, and keeps what it receives. Invalid requests are
/// refused and recorded as <see cref="Faults">faults</see>.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private const string GrpcPrefix = "/opentelemetry.proto.collector.";
    private const int Unavailable = 14;

    private readonly WebApplication _app;
    private volatile bool _refusing;

    private OtlpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    public Uri Grpc => new(_app.Urls.First());

    public Uri Http => new(_app.Urls.Last());

    /// <summary>True to answer with "unavailable" and keep nothing.</summary>
    public bool Refusing { get => _refusing; set => _refusing = value; }

    /// <summary>The requested paths, including refused ones.</summary>
    public ConcurrentQueue<string> Paths { get; } = new();

    public ConcurrentQueue<OtlpSpan> Spans { get; } = new();

    public ConcurrentQueue<OtlpMetric> Metrics { get; } = new();

    public ConcurrentQueue<OtlpLog> Logs { get; } = new();

    public ConcurrentQueue<string> Faults { get; } = new();

    public static async Task<OtlpReceiver> StartAsync()
    {
        var receiver = new OtlpReceiver();
        await receiver._app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        Paths.Enqueue(context.Request.Path.Value!);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (context.Request.Protocol == HttpProtocol.Http2)
            await AnswerGrpcAsync(context, body.ToArray());
        else
            await AnswerHttpAsync(context, body.ToArray());
    }

    /// <summary>Handles one gRPC message: a byte that tells whether it is compressed, four bytes of length, and the message.</summary>
    private async Task AnswerGrpcAsync(HttpContext context, byte[] body)
    {
        var status = 0;
        if (_refusing)
            status = Unavailable;
        else if (context.Request.ContentType != "application/grpc" || body.Length < 5 || BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)) != body.Length - 5
            || !TryKeep(Signal(context.Request.Path), body[0] == 1 ? Unzip(body[5..]) : body[5..]))
            status = Fault(context, 3);
        context.Response.ContentType = "application/grpc";
        if (status == 0)
            await context.Response.Body.WriteAsync(new byte[5], context.RequestAborted); // an empty, uncompressed message
        context.Response.AppendTrailer("grpc-status", $"{status}");
    }

    private async Task AnswerHttpAsync(HttpContext context, byte[] body)
    {
        context.Response.ContentType = "application/x-protobuf";
        if (_refusing)
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        else if (context.Request.ContentType != "application/x-protobuf"
            || !TryKeep(Signal(context.Request.Path), context.Request.Headers.ContentEncoding == "gzip" ? Unzip(body) : body))
            context.Response.StatusCode = Fault(context, StatusCodes.Status400BadRequest);
        await context.Response.CompleteAsync(); // an answer without fields is empty
    }

    /// <summary>The signal: given by the service for gRPC, by the last part of the path for HTTP.</summary>
    private static string Signal(PathString path) => path.Value!.StartsWith(GrpcPrefix, StringComparison.Ordinal)
        ? path.Value[GrpcPrefix.Length..] switch
        {
            "trace.v1.TraceService/Export" => "traces",
            "metrics.v1.MetricsService/Export" => "metrics",
            "logs.v1.LogsService/Export" => "logs",
            var other => other,
        }
        : path.Value[(path.Value.LastIndexOf('/') + 1)..];

    private bool TryKeep(string signal, byte[] message)
    {
        try
        {
            switch (signal)
            {
                case "traces": Keep(Spans, OtlpReader.Read(TracesRequest.Parser.ParseFrom(message))); break;
                case "metrics": Keep(Metrics, OtlpReader.Read(MetricsRequest.Parser.ParseFrom(message))); break;
                case "logs": Keep(Logs, OtlpReader.Read(LogsRequest.Parser.ParseFrom(message))); break;
                default: return false;
            }
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private int Fault(HttpContext context, int status)
    {
        Faults.Enqueue($"{context.Request.Protocol} {context.Request.Path} {context.Request.ContentType}");
        return status;
    }

    private static void Keep<T>(ConcurrentQueue<T> queue, IEnumerable<T> items)
    {
        foreach (var item in items.ToList())
            queue.Enqueue(item);
    }

    private static byte[] Unzip(byte[] bytes)
    {
        using var plain = new MemoryStream();
        using (var zip = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress))
            zip.CopyTo(plain);
        return plain.ToArray();
    }
}
