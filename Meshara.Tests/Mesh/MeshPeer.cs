using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Meshara.Tests.Clocks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Tests.Mesh;

/// <summary>A real node in this process, with its own keys, sockets, API and instruments.</summary>
internal sealed class MeshPeer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private bool _stopped;

    private MeshPeer(WebApplication app, Dictionary<string, string?> settings)
    {
        _app = app;
        Settings = settings;
        Spans = new SpanLog(Get<MeshTelemetry>().Source);
        Metrics = new MetricLog(Get<IMeterFactory>());
    }

    public Dictionary<string, string?> Settings { get; }

    public SpanLog Spans { get; }

    public MetricLog Metrics { get; }

    public NodeAddress Address => Get<NodeIdentity>().Address;

    public IPEndPoint Bound => Get<Listener>().Bound;

    public IMessenger Messenger => Get<IMessenger>();

    public IInbox Inbox => Get<IInbox>();

    public INodeView View => Get<INodeView>();

    public Swarm Swarm => Get<Swarm>();

    /// <summary>The base address of API, health and metrics.</summary>
    public Uri Http => new(_app.Urls.First());

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<MeshPeer> StartAsync(Dictionary<string, string?> settings)
    {
        var app = NodeHost.Build(NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()), TestClock.Of(settings));
        var peer = new MeshPeer(app, settings);
        try
        {
            await Eventually.InTimeAsync(app.StartAsync(TestContext.Current.CancellationToken));
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    public Task BecomesReadyAsync() => Eventually.TrueAsync(() => View.State == NodeState.Ready, $"{View.Info.Name} becomes ready");

    public bool IsConnectedTo(MeshPeer other) => Swarm.TryGet(other.Address, out _);

    public async Task<MessageId> SendAsync(MeshPeer recipient, string text, TimeSpan? timeToLive = null) =>
        await Messenger.SendAsync(recipient.Address, Encoding.UTF8.GetBytes(text), timeToLive, TestContext.Current.CancellationToken);

    public async Task<MessageStatus> StatusAsync(MessageId id) =>
        Assert.IsType<MessageStatus>(await Messenger.GetStatusAsync(id, TestContext.Current.CancellationToken));

    /// <summary>Waits until the message has left <see cref="MessageState.Pending"/>.</summary>
    public async Task<MessageStatus> EndsAsync(MessageId id)
    {
        await Eventually.TrueAsync(async () => (await StatusAsync(id)).State != MessageState.Pending, $"message {id} ends");
        return await StatusAsync(id);
    }

    public async Task<IReadOnlyList<InboxMessage>> ReceivedAsync()
    {
        var all = new List<InboxMessage>();
        while (await Inbox.ReadAsync(all.Count == 0 ? 0 : all[^1].Cursor, 1000, TestContext.Current.CancellationToken) is { Count: > 0 } page)
            all.AddRange(page);
        return all;
    }

    public async Task<IReadOnlyList<string>> ReceivedTextsAsync() =>
        [.. (await ReceivedAsync()).Select(message => Encoding.UTF8.GetString(message.Content.Span))];

    public Task ReceivesAsync(string text) =>
        Eventually.TrueAsync(async () => (await ReceivedTextsAsync()).Contains(text), $"{View.Info.Name} receives '{text}'");

    /// <summary>Drains and stops; the node's state in memory remains accessible.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await _app.StopAsync(CancellationToken.None).WaitAsync(Eventually.Deadline);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Spans.Dispose();
        Metrics.Dispose();
        await _app.DisposeAsync();
    }
}
