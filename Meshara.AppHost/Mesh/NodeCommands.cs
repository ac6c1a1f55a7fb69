using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.Harness.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Mesh;

/// <summary>The dashboard commands of a node. Each returns a sentence that reports its outcome.</summary>
internal static class NodeCommands
{
    /// <summary>Names of the commands. The orchestrator adds start and restart.</summary>
    public const string Send = "mesh-send", Broadcast = "mesh-broadcast", Stop = "mesh-stop", Kill = "mesh-kill",
        Partition = "mesh-partition", Heal = "mesh-heal";

    private static readonly TimeSpan EndDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan DeliveryDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    public static IResourceBuilder<MeshNodeProcess> WithNodeCommands(this IResourceBuilder<MeshNodeProcess> node, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(plan);
        return node
            .WithCommand(Send, "Send a message", context => SendAsync(node.Resource, plan, context), SendOptions(node.Resource, plan))
            .WithCommand(Broadcast, "Broadcast", context => BroadcastAsync(node.Resource, context), BroadcastOptions())
            .WithCommand(Stop, "Drain and stop", context => StopAsync(node.Resource, context),
                Options("PlugDisconnected", "Finishes the work in progress, then exits; Start brings the node back."))
            .WithCommand(Kill, "Kill", context => KillAsync(node.Resource, context), KillOptions(node.Resource))
            .WithCommand(Partition, "Partition", context => Partitioned(node.Resource, context, cut: true),
                Options("CloudOff", "Cuts the node off from the others. It stays up and is scraped.", OperatingSystem.IsLinux()))
            .WithCommand(Heal, "Heal", context => Partitioned(node.Resource, context, cut: false),
                Options("CloudCheckmark", "Lets the node reach the others again.", OperatingSystem.IsLinux()));
    }

    private static CommandOptions Options(string icon, string description, bool isAvailable = true) => new()
    {
        IconName = icon,
        Description = description,
        // The proxies between the nodes can identify the dialing node only on Linux.
        UpdateState = context => !isAvailable ? ResourceCommandState.Hidden
            : context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled
            : ResourceCommandState.Disabled,
    };

    private static CommandOptions KillOptions(MeshNodeProcess node)
    {
        var options = Options("DismissCircle", "Kills the process at once, like a crash; Start brings the node back.");
        options.ConfirmationMessage = $"Kill {node.Name}? It exits without draining, and the host will report that a node died.";
        return options;
    }

    private static CommandOptions BroadcastOptions()
    {
        var options = Options("Megaphone", "Sends a message to every node.");
        options.Arguments = [TextInput];
        return options;
    }

    private static InteractionInput TextInput => new()
    {
        Name = "text",
        Label = "Text",
        InputType = InputType.Text,
        Value = "hello",
        MaxLength = 1000,
        Required = true,
    };

    private static CommandOptions SendOptions(MeshNodeProcess node, MeshPlan plan)
    {
        var others = plan.Stack.Nodes.Where(other => other.Name != node.Name)
            .Select(other => KeyValuePair.Create(other.Name, other.Name)).ToList();
        var options = Options("Send", "Sends a private message to another node and waits for its acknowledgment.");
        options.Arguments =
        [
            new InteractionInput
            {
                Name = "to",
                Label = "To",
                InputType = InputType.Choice,
                Options = others,
                Value = others.FirstOrDefault().Value,
                Required = true,
            },
            TextInput,
        ];
        return options;
    }

    private static async Task<ExecuteCommandResult> StopAsync(MeshNodeProcess node, ExecuteCommandContext context)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await context.Services.GetRequiredService<ResourceCommandService>()
            .ExecuteCommandAsync(context.ResourceName, KnownResourceCommands.StopCommand, context.CancellationToken);
        if (!result.Success)
            return result;
        return await EndedAsync(node, context)
            ? CommandResults.Success($"{node.Name} drained and stopped in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s.")
            : CommandResults.Failure($"{node.Name} was asked to stop but is still running after {EndDeadline.TotalSeconds:0} s.");
    }

    private static async Task<ExecuteCommandResult> KillAsync(MeshNodeProcess node, ExecuteCommandContext context)
    {
        if (context.Services.GetRequiredService<NodeProcesses>().Of(node.Name) is not { } id)
            return CommandResults.Failure($"{node.Name} is not running.");
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (ArgumentException)
        {
            return CommandResults.Failure($"{node.Name} has just exited by itself.");
        }

        return await EndedAsync(node, context)
            ? CommandResults.Success($"{node.Name} (process {id}) was killed.")
            : CommandResults.Failure(
                $"{node.Name} (process {id}) was killed, but the orchestrator did not notice within {EndDeadline.TotalSeconds:0} s.");
    }

    private static Task<ExecuteCommandResult> Partitioned(MeshNodeProcess node, ExecuteCommandContext context, bool cut)
    {
        var partition = context.Services.GetRequiredService<MeshPartition>();
        return Task.FromResult((cut, cut ? partition.Cut(node.Node.Index) : partition.Heal(node.Node.Index)) switch
        {
            (true, true) => CommandResults.Success(
                $"{node.Name} is cut off: its connections to the others were reset and new ones are refused."),
            (true, false) => CommandResults.Failure($"{node.Name} is already cut off."),
            (false, true) => CommandResults.Success($"{node.Name} can reach the others again."),
            (false, false) => CommandResults.Failure($"{node.Name} is not cut off."),
        });
    }

    private static async Task<ExecuteCommandResult> SendAsync(MeshNodeProcess node, MeshPlan plan, ExecuteCommandContext context)
    {
        var to = context.Arguments["to"].Value;
        if (plan.Stack.Nodes.FirstOrDefault(other => other.Name == to) is not { } recipient)
            return CommandResults.Failure($"There is no node '{to}'.");
        using var sender = RunningNode.Client(node.Node);
        using var target = RunningNode.Client(recipient);
        if (await target.TryGetIdentityAsync(context.CancellationToken) is not { } identity)
            return CommandResults.Failure($"{to} does not answer, so its address is unknown.");

        var started = Stopwatch.GetTimestamp();
        var answer = await sender.SendAsync(identity.Address, context.Arguments["text"].Value ?? "", context.CancellationToken);
        if (answer is not { Acceptance: Acceptance.Accepted, Id: { } id })
            return Refused(node, "message", answer);
        using var timer = new PeriodicTimer(PollInterval);
        SentMessage? message;
        while ((message = await sender.TryGetMessageAsync(id, context.CancellationToken))?.State != "acknowledged"
            && Stopwatch.GetElapsedTime(started) < DeliveryDeadline)
            await timer.WaitForNextTickAsync(context.CancellationToken);
        return message?.State == "acknowledged"
            ? CommandResults.Success(
                $"Message {id} from {node.Name} to {to}: acknowledged after {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms.",
                id)
            : CommandResults.Success(
                $"Message {id} from {node.Name} to {to}: {message?.State ?? "unknown"} after {DeliveryDeadline.TotalSeconds:0} s; "
                + "the node keeps trying.",
                id);
    }

    private static async Task<ExecuteCommandResult> BroadcastAsync(MeshNodeProcess node, ExecuteCommandContext context)
    {
        using var sender = RunningNode.Client(node.Node);
        var answer = await sender.BroadcastAsync(context.Arguments["text"].Value ?? "", context.CancellationToken);
        return answer is { Acceptance: Acceptance.Accepted, Id: { } id }
            ? CommandResults.Success($"Broadcast {id} from {node.Name} is on its way.", id)
            : Refused(node, "broadcast", answer);
    }

    private static ExecuteCommandResult Refused(MeshNodeProcess node, string what, SendAnswer answer) =>
        CommandResults.Failure(
            $"{node.Name} did not accept the {what}{(answer.Status is { } status ? $": it answered {(int)status}" : "")}.");

    private static async Task<bool> EndedAsync(MeshNodeProcess node, ExecuteCommandContext context)
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
