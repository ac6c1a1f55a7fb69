using System.Diagnostics.Metrics;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

/// <summary>A defect of the program during a delivery attempt, simulated by a throwing listener of the node's instruments.</summary>
public sealed class AttemptDefectTests
{
    [Theory]
    [InlineData(1)] // leaves on its sender's thread
    [InlineData(20)]
    public async Task A_defect_during_an_attempt_stops_neither_the_node_nor_later_messages(int messages)
    {
        await using var mesh = new MeshFixture();
        var recipient = await mesh.StartAsync();
        var sender = await mesh.StartAsync();
        await sender.BecomesReadyAsync();
        await Eventually.TrueAsync(() => sender.IsConnectedTo(recipient), "they are connected");
        using var defect = new Defect(sender.Get<IMeterFactory>(), "meshara.messages.sent", "private");
        for (var i = 0; i < messages; i++)
            await sender.SendAsync(recipient, $"first {i}");
        await Eventually.TrueAsync(() => defect.Happened, "the defect has happened");
        var status = await sender.EndsAsync(await sender.SendAsync(recipient, "later"));
        Assert.Equal(MessageState.Acknowledged, status.State);
        await Eventually.TrueAsync(() => sender.View.PendingMessages == 0, "the earlier messages end, too");
        Assert.Null(sender.Get<MeshNode>().Failure);
    }

    private sealed class Defect : IDisposable
    {
        private readonly MeterListener _listener;
        private int _left = 1;

        public Defect(IMeterFactory meters, string instrument, string tag)
        {
            _listener = new MeterListener
            {
                InstrumentPublished = (published, listener) =>
                {
                    if (published.Meter.Scope == meters && published.Name == instrument)
                        listener.EnableMeasurementEvents(published);
                },
            };
            _listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
            {
                if (tags.Length > 0 && Equals(tags[0].Value, tag) && Interlocked.Decrement(ref _left) == 0)
                    throw new InvalidOperationException("a defect");
            });
            _listener.Start();
        }

        public bool Happened => Volatile.Read(ref _left) <= 0;

        public void Dispose() => _listener.Dispose();
    }
}
