using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Hosting;

/// <summary>Adds the parameters that hold secrets.</summary>
internal static class SecretExtensions
{
    /// <summary>
    /// Adds them. A mesh that runs makes up what nobody gave and keeps it in the user's secrets, because volumes outlive it; the
    /// keys of services outside are used when they are given. An export asks for everything.
    /// </summary>
    public static MeshSecrets AddSecrets(this IDistributedApplicationBuilder builder, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        var runs = builder.ExecutionContext.IsRunMode;
        IResourceBuilder<ParameterResource> Own(string name) => runs
            ? builder.AddParameter(name, new GenerateParameterDefault { MinLength = 22, Special = false }, secret: true, persist: true)
            : builder.AddParameter(name, secret: true);
        IResourceBuilder<ParameterResource>? Others(string name) =>
            !runs || builder.Configuration[$"Parameters:{name}"] is not null ? builder.AddParameter(name, secret: true) : null;

        return new MeshSecrets(
            Own("elasticsearch-password"),
            Own("kibana-password"),
            Own("grafana-password"),
            // Mailpit asks for none, but Alertmanager wants the file.
            plan.Has(StackPart.Mailpit) ? Own("smtp-password") : Others("smtp-password"),
            Others("pagerduty-routing-key"),
            runs ? null : Own("api-token"));
    }
}
