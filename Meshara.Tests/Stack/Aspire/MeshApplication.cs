using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>The application as built by <c>AppHost.cs</c>, on free ports and with a temporary folder; nothing is started.</summary>
internal sealed class MeshApplication : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;

    private MeshApplication(TemporaryFolder folder, IDistributedApplicationTestingBuilder builder) => (_folder, Builder) = (folder, builder);

    /// <summary>The application before it is built.</summary>
    public IDistributedApplicationTestingBuilder Builder { get; }

    /// <summary>Its folder (<c>--data</c>).</summary>
    public string Data => _folder.Path;

    /// <summary>Builds it.</summary>
    public static async Task<MeshApplication> CreateAsync(CancellationToken test, params string[] options)
    {
        var folder = new TemporaryFolder();
        try
        {
            // Given passwords are neither generated nor stored in the developer's user secrets.
            var passwords = new[] { "elasticsearch", "kibana", "grafana", "smtp" }.Select(name => $"--Parameters:{name}-password={Guid.NewGuid():N}");
            string[] args = [.. passwords, "--data", folder.Path, .. options.Contains("--port-base") ? (string[])[] : ["--ports", "auto"], "--DcpPublisher:RandomizePorts=false", .. options];
            return new MeshApplication(folder, await DistributedApplicationTestingBuilder.CreateAsync<Projects.Meshara_AppHost>(args, test));
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A resource of the application.</summary>
    public T Resource<T>(string name)
        where T : IResource => Assert.IsAssignableFrom<T>(Builder.Resources.Single(resource => resource.Name == name));

    public async ValueTask DisposeAsync()
    {
        await Builder.DisposeAsync();
        _folder.Dispose();
    }
}
