using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Servers;

/// <summary>Passwords and keys are parameters: none is ever written into a file of the repository or an export.</summary>
internal static class SecretExtensions
{
    /// <summary>
    /// A password of our own. A mesh that runs makes it up and keeps it in the user's secrets, because volumes outlive it; an export
    /// asks for it.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddSecret(this IDistributedApplicationBuilder builder, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ExecutionContext.IsRunMode
            ? builder.AddParameter(name, new GenerateParameterDefault { MinLength = 22, Special = false }, secret: true, persist: true)
            : builder.AddParameter(name, secret: true);
    }

    /// <summary>The key of a service outside. A mesh that runs does without it when nobody gave one; an export asks for it.</summary>
    public static IResourceBuilder<ParameterResource>? AddSecretOfOthers(this IDistributedApplicationBuilder builder, string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return !builder.ExecutionContext.IsRunMode || builder.Configuration[$"Parameters:{name}"] is not null
            ? builder.AddParameter(name, secret: true)
            : null;
    }
}
