using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Servers;

/// <summary>Adds passwords and keys as parameters, so that none is ever written into the repository or an export.</summary>
internal static class SecretExtensions
{
    /// <summary>
    /// Adds a password of one of the stack's own servers. A run generates it and keeps it in the user secrets, because the volumes that
    /// depend on it outlive the run; an export asks for it.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddSecret(this IDistributedApplicationBuilder builder, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ExecutionContext.IsRunMode
            ? builder.AddParameter(name, new GenerateParameterDefault { MinLength = 22, Special = false }, secret: true, persist: true)
            : builder.AddParameter(name, secret: true);
    }

    /// <summary>Adds the key of an external service. A run does without it if none is configured; an export asks for it.</summary>
    public static IResourceBuilder<ParameterResource>? AddSecretOfOthers(this IDistributedApplicationBuilder builder, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return !builder.ExecutionContext.IsRunMode || builder.Configuration[$"Parameters:{name}"] is not null
            ? builder.AddParameter(name, secret: true)
            : null;
    }
}
