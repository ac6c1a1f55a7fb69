using System.Diagnostics.Metrics;
using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Meshara.Lab.Load;

/// <summary>A peer with its own keys that completes a handshake over TLS and leaves again.</summary>
internal sealed class PassingPeer : IFrameHandler, IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly NodeIdentity _identity = NodeIdentity.Generate();
    private readonly MeshTelemetry _telemetry;
    private readonly Swarm _swarm;

    public PassingPeer()
    {
        _telemetry = new MeshTelemetry(_services.GetRequiredService<IMeterFactory>());
        _swarm = new Swarm(_identity, new LocalRecord(_identity, "passing", TimeProvider.System), Options.Create(new TransportOptions()),
            _telemetry, TimeProvider.System, NullLogger<Swarm>.Instance);
        _swarm.Start(this);
    }

    /// <summary>Connects, and returns once both sides are authenticated.</summary>
    public Task<PeerConnection> ConnectAsync(IPEndPoint node, CancellationToken cancellationToken) => _swarm.ConnectAsync(node, cancellationToken);

    public ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _swarm.StopAsync();
        _swarm.Dispose();
        _telemetry.Dispose();
        await _services.DisposeAsync();
        _identity.Dispose();
    }
}
