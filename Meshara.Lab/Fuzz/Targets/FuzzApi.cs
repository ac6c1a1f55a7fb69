using System.Text;
using Meshara.Node;
using Meshara.Node.Api;
using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Meshara.ServiceDefaults.Diagnostics;
using Meshara.ServiceDefaults.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>The node's HTTP API with a real inbox, called without sockets.</summary>
internal sealed class FuzzApi : IDisposable
{
    private readonly DirectServer _server = new();
    private readonly WebApplication _app;

    public FuzzApi()
    {
        var inbox = new MemoryMessageStore(Options.Create(new StorageOptions()), Options.Create(new DeliveryOptions()), TimeProvider.System);
        for (byte i = 1; i <= 3; i++)
        {
            var message = new IncomingMessage(
                FuzzKeys.Id(i), FuzzKeys.Peer.Address, IsBroadcast: false, FuzzKeys.Now, FuzzKeys.Now, "content"u8.ToArray(), DateTimeOffset.MaxValue);
            inbox.DeliverAsync(message, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IServer>(_server)
            .AddSingleton<IMessenger>(new AcceptingMessenger()).AddSingleton<IInbox>(inbox).AddSingleton<INodeView>(new StillNode())
            .AddSingleton(new RecentTraces(new DiagnosticsOptions())).AddSingleton(new RecentLogs(new DiagnosticsOptions()))
            .AddSingleton(new LogLevels(new LogTargetMap([]), LogFilter.Empty))
            .AddMeshApi();
        NodeSettings.From(new ConfigurationBuilder().Build()).AddTo(builder.Services);
        _app = builder.Build();
        _app.UseMeshApi();
        _app.MapMeshApi();
        _app.StartAsync().GetAwaiter().GetResult();
    }

    /// <summary>Makes one request; an answer of 500 is a defect.</summary>
    public void Request(string method, string path, string query, IEnumerable<(string Name, string Value)> headers, byte[] body)
    {
        using var leaves = new CancellationTokenSource();
        var request = new HttpRequestFeature
        {
            Method = method, Path = path, QueryString = query, Scheme = "http", Protocol = "HTTP/1.1", Body = new MemoryStream(body),
        };
        request.Headers.Host = "127.0.0.1";
        foreach (var (name, value) in headers)
            request.Headers[name] = value;
        request.Headers.ContentLength = body.Length;
        var response = new HttpResponseFeature();
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(request);
        features.Set<IHttpResponseFeature>(response);
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MemoryStream()));
        features.Set<IHttpRequestBodyDetectionFeature>(new Body(body.Length > 0));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature { RequestAborted = leaves.Token });
        var answering = _server.ProcessAsync(features);
        // Only a stream is not complete now; its reader leaves.
        if (!answering.IsCompleted)
            leaves.Cancel();
        answering.GetAwaiter().GetResult();
        if (response.StatusCode == 500)
            throw new InvalidOperationException($"{method} {path} was answered with 500.", features.Get<IExceptionHandlerFeature>()?.Error);
    }

    public void Dispose() => _app.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Bytes as the characters of a header or a query: each byte is one.</summary>
    public static string Latin(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private sealed record Body(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;

    private sealed class StillNode : INodeView
    {
        public NodeInfo Info { get; } = new(FuzzKeys.Self.Address, new string('a', 64), "node-1", "0.1.0", ["tcp://127.0.0.1:8443"], FuzzKeys.Now);

        public NodeState State => NodeState.Ready;

        public int ConnectedPeers => 1;

        public int RoutingTableSize => 1;

        public int PendingMessages => 0;

        public TimeSpan OldestPendingMessage => TimeSpan.Zero;

        public int MembershipSize => 2;

        public uint MembershipView => 1;

        public IReadOnlyList<PeerInfo> GetPeers() => [new PeerInfo(FuzzKeys.Peer.Address, "peer", "127.0.0.1:1", true, FuzzKeys.Now, null, InTree: true, BytesSent: 1)];

        public IReadOnlyList<RouteInfo> GetRoutes() => [new RouteInfo(FuzzKeys.Peer.Address, "direct", null, [], FuzzKeys.Now)];
    }
}
