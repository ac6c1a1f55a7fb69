using System.Net;
using System.Net.Sockets;
using Meshara.Node.Protocol;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Transport;

public sealed class AbandonedDialTests
{
    [Fact]
    public async Task The_failure_of_a_dial_that_its_caller_gave_up_is_nobody_elses()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var left = new TransportEnd(new TransportOptions { HandshakeTimeout = TimeSpan.FromSeconds(1) });
        await using var right = new TransportEnd();
        var old = PeerRecord.Create(
            right.Identity, "moved since", [PeerEndpoint.Tcp("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port)], 1, DateTimeOffset.UtcNow.AddHours(1));
        using (var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(100)))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left.Swarm.ConnectAsync(old, impatient.Token));
        await Eventually.TrueAsync(() => left.Metrics.Sum("meshara.connection.errors", "handshake") == 1 && !left.Swarm.MayDial(old), "the dial has failed");
        Assert.True((await left.ConnectAsync(right)).IsOpen);
    }
}
