using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Mesh;

/// <summary>A part of the host that runs beside the orchestrator; see <see cref="StackLifetime"/>.</summary>
internal interface IStackService : IHostedService;

/// <summary>Registers such parts.</summary>
internal static class StackServiceExtensions
{
    /// <summary>Adds a part. It starts after those that were added before, and stops before them.</summary>
    public static void AddStackService<T>(this IServiceCollection services, Func<IServiceProvider, T>? create = null)
        where T : class, IStackService
    {
        ArgumentNullException.ThrowIfNull(services);
        if (create is null)
            services.AddSingleton<T>();
        else
            services.AddSingleton(create);
        services.AddSingleton<IStackService>(provider => provider.GetRequiredService<T>());
    }
}
