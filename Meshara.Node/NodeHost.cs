using Meshara.Node.Api;
using Meshara.Node.Health;
using Meshara.Node.Identity;
using Meshara.Node.Cli;
using Meshara.Node.Storage.Sqlite;
using Meshara.Node.Telemetry;
using Meshara.ServiceDefaults;
using Meshara.ServiceDefaults.Health;
using Meshara.ServiceDefaults.Logging;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.Node;

/// <summary>Composes and runs a node.</summary>
internal static class NodeHost
{
    /// <summary>Name of the key file inside the data directory.</summary>
    public const string KeyFileName = "identity.key";

    /// <summary>Runs a node until the token is cancelled, then drains it.</summary>
    /// <returns>
    /// 0, or 1 if a component of the node failed while running. Failures to start are exceptions that say what to do.
    /// </returns>
    /// <exception cref="MesharaException">If the settings, key file, ports or storage are unusable.</exception>
    public static async Task<int> RunAsync(NodeSettings settings, CancellationToken stop)
    {
        CoreDumps.Forbid();
        var openFiles = OpenFiles.RaiseLimit();
        var isLess = ConnectionBudget.Fit(settings, openFiles);
        await using var app = Build(settings);
        if (isLess)
            app.Services.GetRequiredService<StartNotices>().FewOpenFiles(settings, openFiles);
        await app.StartAsync(CancellationToken.None);
        await WaitAsync(app, stop);
        await app.StopAsync(CancellationToken.None);
        return app.Services.GetRequiredService<MeshNode>().Failure is null ? ExitCodes.Ok : ExitCodes.Unexpected;
    }

    // Settings are read once. Watching their files takes an inotify instance, and Linux allows a user 128: if an editor and a
    // browser have used them up, the node would not start.
    private const string WatchNoFiles = "--hostBuilder:reloadConfigOnChange=false";

    /// <summary>Builds a node without starting it: keys are loaded; the ports are not bound yet.</summary>
    /// <param name="settings">The settings of the node.</param>
    /// <param name="time">Its clock; null for the system clock.</param>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.KeyFile"/> or <see cref="ErrorCodes.Configuration"/>.</exception>
    public static WebApplication Build(NodeSettings settings, TimeProvider? time = null)
    {
        var passphrase = settings.Node.PassphraseFile is { } file ? SecretFile.ReadPassphrase(file) : null;
        var keyFile = Path.Combine(settings.Node.DataDirectory, KeyFileName);
        Database.RefuseWithoutKey(keyFile);
        var identity = KeyFile.LoadOrCreate(keyFile, passphrase, out var wasPlain);

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [WatchNoFiles], ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(settings.Configuration);
        builder.Services.AddSingleton<IHostLifetime, CallerLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.Delivery.DrainTimeout + TimeSpan.FromSeconds(10));
        AddDefaults(builder, settings, identity);
        settings.AddTo(builder.Services);
        builder.Services.AddMesh(identity, time ?? TimeProvider.System);
        builder.Services.AddMeshApi();
        builder.Services.AddHealthChecks()
            .AddCheck<PeersCheck>("peers", tags: [HealthTags.Health])
            .AddCheck<StorageCheck>("storage", tags: [HealthTags.Health])
            .AddCheck<ClockCheck>("clock", tags: [HealthTags.Health])
            .AddCheck<ReadyCheck>("mesh", tags: [HealthTags.Ready]);
        builder.Services.AddSingleton<PeersCheck>();
        builder.Services.AddSingleton<HealthStates>();
        builder.Services.AddSingleton<IHealthCheckPublisher>(services => services.GetRequiredService<HealthStates>());
        builder.Services.Configure<HealthCheckPublisherOptions>(options =>
        {
            options.Delay = TimeSpan.Zero;
            options.Period = HealthStates.Period;
            options.Predicate = check => check.Tags.Contains(HealthTags.Health);
        });

        builder.Services.AddSingleton<StartNotices>();
        if (SystemdNotices.Notifier is { } systemd)
            builder.Services.AddSingleton(systemd).AddHostedService<SystemdNotices>();

        var app = builder.Build();
        Tell(app.Services.GetRequiredService<StartNotices>(), settings, wasPlain ? keyFile : null);
        app.UseMeshApi();
        app.MapDefaultEndpoints();
        app.MapMeshApi();
        app.MapConsole(settings);
        return app;
    }

    private static void Tell(StartNotices notices, NodeSettings settings, string? encrypted)
    {
        if (encrypted is not null)
            notices.KeyEncrypted(encrypted);
        if (settings.Node.PassphraseFile is { } passphrase && SecretFile.IsOpenToAll(passphrase))
            notices.PassphraseFileOpen(passphrase);
        if (settings.Api.TokenFile is { Length: > 0 } token && SecretFile.IsOpenToAll(token))
            notices.TokenFileOpen(token);
    }

    private static void AddDefaults(WebApplicationBuilder builder, NodeSettings settings, NodeIdentity identity)
    {
        try
        {
            builder.AddServiceDefaults(options => Describe(options, settings, identity));
        }
        catch (FormatException e)
        {
            throw new MesharaException(ErrorCodes.Configuration, $"MESHARA_LOG cannot be used: {e.Message}", e);
        }
    }

    private static void Describe(ServiceDefaultsOptions options, NodeSettings settings, NodeIdentity identity)
    {
        options.ServiceName = "meshara";
        options.InstanceId = identity.Address.ToString();
        options.ServiceVersion = BuildInfo.Version;
        options.ResourceAttributes["meshara.node.name"] = settings.Node.Name;
        options.ResourceAttributes["meshara.node.address"] = identity.Address.ToString();
        options.Meters.Add(MeshTelemetry.Name);
        options.ActivitySources.Add(MeshTelemetry.Name);
        options.MetricsPort = settings.Metrics.Port == 0 ? null : settings.Metrics.Port;
        foreach (var target in AllLogTargets)
            options.LogTargets.Add(target);
    }

    /// <summary>Short names for the log categories, shown in log lines.</summary>
    internal static IEnumerable<LogTarget> AllLogTargets =>
    [
        .. LogTargets.Select(area => new LogTarget($"Meshara.Node.{area.Area}", $"meshara::{area.Target}")),
        new LogTarget("Meshara.Node", "meshara"),
        new LogTarget("Meshara.ServiceDefaults.Telemetry", "meshara::telemetry"),
    ];

    private static readonly (string Area, string Target)[] LogTargets =
    [
        // Operators see the fate of a message as a matter of the network. The first matching entry decides.
        ("Delivery.MessageLog", "network"),
        ("Transport", "network"), ("Routing", "routing"), ("Identity", "crypto"), ("Protocol", "crypto"),
        ("Delivery", "delivery"), ("Gossip", "gossip"), ("Api", "api"), ("Storage", "storage"),
    ];

    private static async Task WaitAsync(WebApplication app, CancellationToken stop)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var asked = stop.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        using var stopping = app.Lifetime.ApplicationStopping.UnsafeRegister(static state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        await ended.Task;
    }

    /// <summary>Leaves signal handling to the command line, which also decides what a second signal means.</summary>
    private sealed class CallerLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
