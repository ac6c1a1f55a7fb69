using CsCheck;
using Meshara.Node.Storage;

namespace Meshara.Tests.Delivery.Model;

/// <summary>
/// Delivery as a state machine. Real are the stores, <c>RecipientQueue</c>, <c>OutgoingMessage</c>, <c>Envelope</c> and the node's
/// clock; the order in which the node calls them (<c>Outbox</c>, <c>Receiver</c>, <c>Depot</c>, <c>Forwarder</c>) and the network are
/// the model's. Sealing and signatures are left out. A step at a time: what happens within one store or one queue at once is for
/// their own tests.
/// </summary>
public sealed class DeliveryModelTests(ITestOutputHelper output)
{
    // One message of each sender, two crashes of any node, and time that ends their lives.
    private static readonly Bounds Small = new(Messages: 1, Crashes: 2, TimeSteps: 2, TimeSpan.FromMinutes(40));
    private const int SmallDepth = 9;

    private const int LargeSteps = 120;

    [Fact]
    public async Task Every_order_of_steps_up_to_the_depth_keeps_the_promises_of_delivery()
    {
        var result = await Exploration.ExploreAsync(() => new World(Small, clock => new LastingMemory(clock)), SmallDepth);
        output.WriteLine($"{result.States} states, {result.Transitions} transitions, depth {result.Depth}");
        Assert.Null(result.Violation);
        Assert.Equal(Enum.GetValues<StepKind>(), result.Taken.Order());
    }

    [Fact]
    public async Task A_store_that_forgets_what_it_has_seen_is_found()
    {
        var result = await Exploration.ExploreAsync(() => new World(Small, clock => new LastingMemory(clock), Forgetful), SmallDepth);
        Assert.Contains("was delivered twice", result.Violation, StringComparison.Ordinal);

        static LastingMemory Forgetful(Node.Clocks.NodeClock clock)
        {
            var memory = new LastingMemory(clock);
            memory.Messages = new ForgetfulStore(memory.Messages);
            return memory;
        }
    }

    /// <summary>Longer lives, several messages, and databases that crash. CsCheck shortens what it finds.</summary>
    [Fact]
    public async Task Random_orders_with_crashing_databases_keep_the_promises_of_delivery() =>
        await Orders.SampleAsync(async order => Assert.Null(await RunAsync(order, store => store)), iter: 60, threads: 1);

    [Fact]
    public async Task A_forgetful_database_is_found_in_random_orders()
    {
        var found = await Assert.ThrowsAsync<CsCheckException>(async () => await Orders.SampleAsync(
            async order => Assert.Null(await RunAsync(order, store => new ForgetfulStore(store))), iter: 200, threads: 1));
        Assert.Contains("was delivered twice", found.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Each number chooses one of the steps that are possible then; the first chooses how much time passes at once.</summary>
    private static readonly Gen<(bool Days, int[] Choices)> Orders = Gen.Select(Gen.Bool, Gen.Int[0, 10_000].Array[1, LargeSteps]);

    private static async Task<string?> RunAsync((bool Days, int[] Choices) order, Func<IMessageStore, IMessageStore> wrap)
    {
        var bounds = new Bounds(Messages: 4, Crashes: 6, TimeSteps: 6, order.Days ? TimeSpan.FromHours(20) : TimeSpan.FromMinutes(20));
        await using var world = new World(bounds, clock => new CrashingDatabase(clock), clock => new CrashingDatabase(clock, wrap));
        foreach (var choice in order.Choices)
        {
            var steps = await world.StepsAsync();
            if (steps.Count == 0)
                break;
            await world.TakeAsync(steps[choice % steps.Count]);
            if (await world.ViolationAsync() is { } wrong)
                return wrong;
        }
        return await world.SettleAsync();
    }
}
