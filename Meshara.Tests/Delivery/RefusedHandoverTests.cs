using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

public sealed class RefusedHandoverTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_relay_keeps_what_finds_the_inbox_full_until_there_is_room()
    {
        await using var mesh = new MeshFixture(("Transport:RequestTimeout", "01:00:00")); // the relay continues when it is answered
        var relay = await mesh.StartAsync();
        var bob = await mesh.StartAsync(("Storage:MaxInboxMessagesPerSender", "1"));
        await bob.BecomesReadyAsync();
        await using var alice = new TransportEnd();
        var toRelay = await alice.JoinAsync(relay);
        foreach (var text in (string[])["one", "two"])
        {
            var message = Peers.Private(alice.Identity, bob.Get<LocalRecord>().Current, text);
            Assert.True((await toRelay.RequestAsync(new Frame { Deposit = new Deposit { Envelope = message.Envelope } }, Cancel)).Deposited.Held);
        }
        await Eventually.TrueAsync(() => bob.Metrics.Sum("meshara.messages.dropped", "inbox_full") > 1, "the second one is refused, and again");
        Assert.Single(await relay.Get<IRelayStore>().TakeHeldAsync(bob.Address, 10, Cancel));

        Assert.Single(await bob.Get<IInbox>().ReadAsync(0, 10, Cancel));
        await bob.ReceivesAsync("two");
        await Eventually.TrueAsync(async () => (await relay.Get<IRelayStore>().TakeHeldAsync(bob.Address, 10, Cancel)).Count == 0, "the relay keeps nothing any more");
    }
}
