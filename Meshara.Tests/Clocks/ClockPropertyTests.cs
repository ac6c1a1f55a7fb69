using System.Globalization;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Clocks;

/// <summary>
/// Invariants under any behaviour of the clocks: every message arrives once, and none expires before its lifetime has passed.
/// </summary>
public sealed class ClockPropertyTests
{
    private static readonly TimeSpan[] Steps =
    [
        TimeSpan.Zero, TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(-11), TimeSpan.FromHours(2), TimeSpan.FromHours(-1), TimeSpan.FromDays(40), TimeSpan.FromDays(-40),
    ];

    // All standstills together are shorter than a message's lifetime.
    private static readonly TimeSpan MaxStandstill = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Nothing_is_lost_or_doubled_while_clocks_jump_and_nodes_stand_still_and_restart(int seed)
    {
        var random = new Random(seed);
        await using var mesh = new MeshFixture();
        var clocks = Enumerable.Range(0, 3).Select(_ => new TestClock()).ToArray();
        var nodes = new List<MeshPeer>();
        foreach (var clock in clocks)
            nodes.Add(await mesh.StartAsync(clock.Setting));
        await Task.WhenAll(nodes.Select(node => node.BecomesReadyAsync()));
        var expected = nodes.ConvertAll(_ => new List<string>());
        for (var step = 0; step < 12; step++)
        {
            var at = random.Next(nodes.Count);
            var action = random.Next(5);
            if (action == 0)
                clocks[at].Drift = random.NextDouble() - 0.5;
            else if (action == 4)
                clocks[at].Pass(MaxStandstill * random.NextDouble());
            else
                clocks[at].Offset = Steps[random.Next(Steps.Length)];
            for (var i = 0; i < 5; i++)
            {
                var from = random.Next(nodes.Count);
                var to = (from + 1 + random.Next(nodes.Count - 1)) % nodes.Count;
                var text = string.Create(CultureInfo.InvariantCulture, $"{step}.{i}");
                await nodes[from].SendAsync(nodes[to], text, TimeSpan.FromMinutes(30));
                expected[to].Add(text);
            }
            if (action != 1)
                continue;
            nodes[at] = await mesh.RestartAsync(nodes[at]);
            await nodes[at].BecomesReadyAsync();
        }
        await Eventually.TrueAsync(() => nodes.All(node => node.View.PendingMessages == 0), "no message is pending any more");
        for (var i = 0; i < nodes.Count; i++)
        {
            Assert.Equal(expected[i].Order(StringComparer.Ordinal), (await nodes[i].ReceivedTextsAsync()).Order(StringComparer.Ordinal));
            Assert.Equal(0, nodes[i].Metrics.Sum("meshara.messages.completed", "expired"));
        }
    }
}
