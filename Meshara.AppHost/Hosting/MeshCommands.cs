using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Local;
using Meshara.AppHost.Resources;
using Meshara.Harness.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Hosting;

/// <summary>What can be done to a node from the dashboard, each with a sentence that says what came of it.</summary>
internal static class MeshCommands
{
    /// <summary>Drain and end; end at once; cut off; reach again; send.</summary>
    public const string Stop = "mesh-stop", Kill = "mesh-kill", Partition = "mesh-partition", Heal = "mesh-heal", Send = "mesh-send";

    private static readonly TimeSpan EndDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan DeliveryDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Adds the commands.</summary>
    public static IResourceBuilder<MeshNodeProcessResource> WithMeshCommands(this IResourceBuilder<MeshNodeProcessResource> node, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(plan);
        return node
            .WithCommand(Stop, "Drain and stop", context => StopAsync(node.Resource, context), Options("PlugDisconnected", "Finishes what is under way, then ends; Start brings it back."))
            .WithCommand(Kill, "Kill", context => KillAsync(node.Resource, context), Options("Skull", "Ends the process at once, as a crash would; Start brings it back."))
            .WithCommand(Partition, "Partition", context => Partitioned(node.Resource, context, cut: true), Options("CloudOff", "Cuts the node off from the others. It stays up and is scraped.", OperatingSystem.IsLinux()))
            .WithCommand(Heal, "Heal", context => Partitioned(node.Resource, context, cut: false), Options("CloudCheckmark", "Lets the node reach the others again.", OperatingSystem.IsLinux()))
            .WithCommand(Send, "Send a message", context => SendAsync(node.Resource, plan, context), SendOptions(node.Resource, plan));
    }

    private static CommandOptions Options(string icon, string description, bool isAvailable = true) => new()
    {
        IconName = icon,
        Description = description,
        // The proxies between the nodes can only tell on Linux who dials them.
        UpdateState = context => !isAvailable ? ResourceCommandState.Hidden
            : context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled
            : ResourceCommandState.Disabled,
    };

    private static CommandOptions SendOptions(MeshNodeProcessResource node, MeshPlan plan)
    {
        var others = plan.Stack.Nodes.Where(other => other.Name != node.Name).Select(other => KeyValuePair.Create(other.Name, other.Name)).ToList();
        var options = Options("Send", "Sends a private message to another node and waits for its acknowledgment.");
        options.Arguments =
        [
            new InteractionInput { Name = "to", Label = "To", InputType = InputType.Choice, Options = others, Value = others.FirstOrDefault().Value, Required = true },
            new InteractionInput { Name = "text", Label = "Text", InputType = InputType.Text, Value = "hello", MaxLength = 1000, Required = true },
        ];
        return options;
    }

    private static async Task<ExecuteCommandResult> StopAsync(MeshNodeProcessResource node, ExecuteCommandContext context)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await context.Services.GetRequiredService<ResourceCommandService>()
            .ExecuteCommandAsync(context.ResourceName, KnownResourceCommands.StopCommand, context.CancellationToken);
        if (!result.Success)
            return result;
        return await EndedAsync(node, context)
            ? CommandResults.Success($"{node.Name} drained and stopped in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s.")
            : CommandResults.Failure($"{node.Name} was asked to stop but still runs after {EndDeadline.TotalSeconds:0} s.");
    }

    private static async Task<ExecuteCommandResult> KillAsync(MeshNodeProcessResource node, ExecuteCommandContext context)
    {
        if (context.Services.GetRequiredService<MeshObserver>().ProcessOf(node.Name) is not { } id)
            return CommandResults.Failure($"{node.Name} does not run.");
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (ArgumentException)
        {
            return CommandResults.Failure($"{node.Name} has just ended by itself.");
        }

        return await EndedAsync(node, context)
            ? CommandResults.Success($"{node.Name} (process {id}) was killed.")
            : CommandResults.Failure($"{node.Name} (process {id}) was killed, but the orchestrator has not noticed within {EndDeadline.TotalSeconds:0} s.");
    }

    private static Task<ExecuteCommandResult> Partitioned(MeshNodeProcessResource node, ExecuteCommandContext context, bool cut)
    {
        var partition = context.Services.GetRequiredService<MeshPartition>();
        return Task.FromResult((cut, cut ? partition.Cut(node.Node.Index) : partition.Heal(node.Node.Index)) switch
        {
            (true, true) => CommandResults.Success($"{node.Name} is cut off: its connections to the others were reset and new ones are refused."),
            (true, false) => CommandResults.Failure($"{node.Name} is cut off already."),
            (false, true) => CommandResults.Success($"{node.Name} can reach the others again."),
            (false, false) => CommandResults.Failure($"{node.Name} is not cut off."),
        });
    }

    private static async Task<ExecuteCommandResult> SendAsync(MeshNodeProcessResource node, MeshPlan plan, ExecuteCommandContext context)
    {
        var to = context.Arguments["to"].Value;
        if (plan.Stack.Nodes.FirstOrDefault(other => other.Name == to) is not { } recipient)
            return CommandResults.Failure($"There is no node '{to}'.");
        using var sender = RunningNode.Client(node.Node);
        using var target = RunningNode.Client(recipient);
        if (await target.TryGetIdentityAsync(context.CancellationToken) is not { } identity)
            return CommandResults.Failure($"{to} does not answer, so its address is not known.");

        var started = Stopwatch.GetTimestamp();
        var answer = await sender.SendAsync(identity.Address, context.Arguments["text"].Value ?? "", context.CancellationToken);
        if (answer is not { Acceptance: Acceptance.Accepted, Id: { } id })
            return CommandResults.Failure($"{node.Name} did not accept the message{(answer.Status is { } status ? $": it answered {(int)status}" : "")}.");
        using var timer = new PeriodicTimer(PollInterval);
        SentMessage? message;
        while ((message = await sender.TryGetMessageAsync(id, context.CancellationToken))?.State != "acknowledged" && Stopwatch.GetElapsedTime(started) < DeliveryDeadline)
            await timer.WaitForNextTickAsync(context.CancellationToken);
        return message?.State == "acknowledged"
            ? CommandResults.Success($"Message {id} from {node.Name} to {to}: acknowledged after {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms.", id)
            : CommandResults.Success($"Message {id} from {node.Name} to {to}: {message?.State ?? "unknown"} after {DeliveryDeadline.TotalSeconds:0} s; the node goes on trying.", id);
    }

    private static async Task<bool> EndedAsync(MeshNodeProcessResource node, ExecuteCommandContext context)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        limit.CancelAfter(EndDeadline);
        try
        {
            await context.Services.GetRequiredService<ResourceNotificationService>()
                .WaitForResourceAsync(node.Name, KnownResourceStates.TerminalStates, limit.Token);
            return true;
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
