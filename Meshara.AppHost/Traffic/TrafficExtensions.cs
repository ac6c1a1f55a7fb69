using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Mesh;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.AppHost.Traffic;

internal static class TrafficExtensions
{
    /// <summary>Names of the resource's commands.</summary>
    public const string Start = "traffic-start", Stop = "traffic-stop", Rate = "traffic-rate";

    private const double MaxRate = 10_000;

    /// <summary>Adds a resource that sends messages through the mesh while it runs; an export has no traffic.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="perSecond">Private messages a second across all nodes; 0 for none until the resource is started.</param>
    /// <param name="mesh">The mesh.</param>
    public static void AddTraffic(
        this IDistributedApplicationBuilder builder, string name, double perSecond, IResourceBuilder<MeshResource> mesh)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(mesh);
        if (!builder.ExecutionContext.IsRunMode)
            return;
        var control = new TrafficControl(perSecond);
        var resource = new TrafficResource(name);
        builder.Services.AddSingleton(control);
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<TrafficDisplay>(services, resource));
        builder.Services.AddSingleton<TrafficTelemetry>();
        builder.Services.AddStackService<TrafficService>();
        var traffic = builder.AddResource(resource).ExcludeFromManifest().WithIconName("ArrowBidirectionalLeftRight")
            .WithReferenceRelationship(mesh.Resource)
            .WithInitialState(new CustomResourceSnapshot
            {
                ResourceType = "Traffic",
                State = KnownResourceStates.Waiting,
                CreationTimeStamp = DateTime.UtcNow,
                Properties = [],
            })
            .WithCommand(Start, "Start", _ => Switched(control, on: true),
                Options("Play", "Sends messages between random nodes.", () => !control.IsOn))
            .WithCommand(Stop, "Stop", _ => Switched(control, on: false),
                Options("Stop", "Stops sending; messages in flight still arrive.", () => control.IsOn))
            .WithCommand(Rate, "Rate", context => Rated(control, context), RateOptions(control));
        foreach (var node in mesh.Resource.Nodes)
            traffic.WithReferenceRelationship(node);
    }

    private static CommandOptions Options(string icon, string description, Func<bool> isPossible) => new()
    {
        IconName = icon,
        Description = description,
        IsHighlighted = true,
        UpdateState = _ => isPossible() ? ResourceCommandState.Enabled : ResourceCommandState.Hidden,
    };

    private static CommandOptions RateOptions(TrafficControl control) => new()
    {
        IconName = "TopSpeed",
        Description = "Sets how many private messages are sent a second.",
        Arguments =
        [
            new InteractionInput
            {
                Name = "rate", Label = "Messages a second", InputType = InputType.Number, Required = true,
                Value = control.Rate.ToString(CultureInfo.InvariantCulture),
            },
        ],
    };

    private static Task<ExecuteCommandResult> Switched(TrafficControl control, bool on)
    {
        control.Switch(on);
        return Task.FromResult(CommandResults.Success(on
            ? string.Create(CultureInfo.InvariantCulture, $"Sending {control.Rate} messages a second.")
            : "Traffic is stopped."));
    }

    private static Task<ExecuteCommandResult> Rated(TrafficControl control, ExecuteCommandContext context)
    {
        var text = context.Arguments["rate"].Value;
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate)
            || rate <= 0 || rate > MaxRate)
            return Task.FromResult(CommandResults.Failure($"The rate must be a number above 0, up to {MaxRate}, but is '{text}'."));
        control.SetRate(rate);
        return Task.FromResult(CommandResults.Success(string.Create(CultureInfo.InvariantCulture,
            $"{rate} messages a second{(control.IsOn ? "" : ", once traffic is started")}.")));
    }
}
