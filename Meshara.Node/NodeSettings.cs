using Meshara.Node.Api;
using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;

namespace Meshara.Node;

/// <summary>
/// All operator settings, read once and validated before anything is opened. Later layers win: <c>appsettings.json</c> beside
/// the program, <c>appsettings.{environment}.json</c>, environment variables (<c>Section__Key</c>), command-line flags.
/// </summary>
internal sealed class NodeSettings
{
    private static readonly char[] ListSeparator = [','];

    private NodeSettings(IConfiguration configuration) => Configuration = configuration;

    /// <summary>The source of the typed options; also carries <c>Logging</c>, <c>services</c> and the rest.</summary>
    public IConfiguration Configuration { get; }

    /// <summary>Section <c>Node</c>.</summary>
    public required NodeOptions Node { get; init; }

    /// <summary>Section <c>Mesh</c>.</summary>
    public required MeshOptions Mesh { get; init; }

    /// <summary>Section <c>Api</c>.</summary>
    public required ApiOptions Api { get; init; }

    /// <summary>Section <c>Console</c>.</summary>
    public required ConsoleOptions Console { get; init; }

    /// <summary>Section <c>Metrics</c>.</summary>
    public required MetricsOptions Metrics { get; init; }

    /// <summary>Section <c>Delivery</c>.</summary>
    public required DeliveryOptions Delivery { get; init; }

    /// <summary>Section <c>Transport</c>.</summary>
    public required TransportOptions Transport { get; init; }

    /// <summary>Section <c>Routing</c>.</summary>
    public required RoutingOptions Routing { get; init; }

    /// <summary>Section <c>Gossip</c>.</summary>
    public required GossipOptions Gossip { get; init; }

    /// <summary>Section <c>Sealing</c>.</summary>
    public required SealingOptions Sealing { get; init; }

    /// <summary>Section <c>Storage</c>.</summary>
    public required StorageOptions Storage { get; init; }

    /// <summary>Reads the settings of this process.</summary>
    /// <param name="overrides">Configuration keys given on the command line.</param>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>, naming every invalid key.</exception>
    public static NodeSettings Load(IEnumerable<KeyValuePair<string, string?>> overrides)
    {
        var environment = Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
            ?? Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environments.Production;
        try
        {
            // Read beside the program, not in the current folder: `meshara` is run from anywhere, and an appsettings.json in
            // the current folder belongs to something else.
            return From(new ConfigurationBuilder()
                .SetBasePath(AppContext.BaseDirectory)
                .AddJsonFile("appsettings.json", optional: true)
                .AddJsonFile($"appsettings.{environment}.json", optional: true)
                .AddEnvironmentVariables()
                .AddInMemoryCollection(overrides)
                .Build());
        }
        catch (InvalidDataException exception)
        {
            throw new MesharaException(ErrorCodes.Configuration, $"{exception.Message} Correct the file.", exception);
        }
    }

    /// <summary>Reads and validates the settings from any configuration.</summary>
    /// <exception cref="MesharaException">As <see cref="Load"/>.</exception>
    public static NodeSettings From(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        try
        {
            var settings = new NodeSettings(configuration)
            {
                Node = configuration.GetSection("Node").Get<NodeOptions>() ?? new NodeOptions(),
                Mesh = configuration.GetSection("Mesh").Get<MeshOptions>() ?? new MeshOptions(),
                Api = configuration.GetSection("Api").Get<ApiOptions>() ?? new ApiOptions(),
                Console = configuration.GetSection("Console").Get<ConsoleOptions>() ?? new ConsoleOptions(),
                Metrics = configuration.GetSection("Metrics").Get<MetricsOptions>() ?? new MetricsOptions(),
                Delivery = configuration.GetSection("Delivery").Get<DeliveryOptions>() ?? new DeliveryOptions(),
                Transport = configuration.GetSection("Transport").Get<TransportOptions>() ?? new TransportOptions(),
                Routing = configuration.GetSection("Routing").Get<RoutingOptions>() ?? new RoutingOptions(),
                Gossip = configuration.GetSection("Gossip").Get<GossipOptions>() ?? new GossipOptions(),
                Sealing = configuration.GetSection("Sealing").Get<SealingOptions>() ?? new SealingOptions(),
                Storage = configuration.GetSection("Storage").Get<StorageOptions>() ?? new StorageOptions(),
            };
            settings.Mesh.Advertise = ReadList(configuration, "Mesh:Advertise");
            settings.Mesh.Bootstrap = ReadList(configuration, "Mesh:Bootstrap");
            settings.Console.Nodes = ReadList(configuration, "Console:Nodes");
            settings.Transport.AdmittedPeers = ReadList(configuration, "Transport:AdmittedPeers");
            ReadToken(settings.Api);
            NodeSettingsValidation.Validate(settings);
            return settings;
        }
        catch (InvalidOperationException exception) when (exception.InnerException is FormatException or ArgumentException or OverflowException)
        {
            // The binder's message names key, value and type: "Failed to convert configuration value 'x' at 'Api:Port' to type …".
            throw new MesharaException(ErrorCodes.Configuration, exception.Message, exception);
        }
    }

    /// <summary>Registers each section as <see cref="IOptions{TOptions}"/>, already read and validated.</summary>
    public void AddTo(IServiceCollection services) => services
        .AddSingleton(Options.Create(Node))
        .AddSingleton(Options.Create(Mesh))
        .AddSingleton(Options.Create(Api))
        .AddSingleton(Options.Create(Metrics))
        .AddSingleton(Options.Create(Delivery))
        .AddSingleton(Options.Create(Transport))
        .AddSingleton(Options.Create(Routing))
        .AddSingleton(Options.Create(Gossip))
        .AddSingleton(Options.Create(Sealing))
        .AddSingleton(Options.Create(Storage));

    private static void ReadToken(ApiOptions api)
    {
        if (string.IsNullOrEmpty(api.TokenFile))
            return;
        if (!string.IsNullOrEmpty(api.Token))
            throw new MesharaException(ErrorCodes.Configuration, "Api:Token and Api:TokenFile are both set: keep one of them.");
        api.Token = SecretFile.Read(api.TokenFile, "token", ErrorCodes.Configuration);
    }

    /// <summary>
    /// Reads a list. A comma-separated value wins over indexed children: configuration layers merge lists by index, and a flag
    /// must replace the whole list from the environment, not only its first entries.
    /// </summary>
    private static string[] ReadList(IConfiguration configuration, string key)
    {
        var section = configuration.GetSection(key);
        var values = section.Value is { } one
            ? one.Split(ListSeparator)
            : section.GetChildren().Select(child => child.Value ?? "");
        return [.. values.Select(value => value.Trim()).Where(value => value.Length > 0)];
    }
}
