using System.Globalization;
using Aspire.Hosting;
using Meshara.AppHost.Checks;
using Meshara.AppHost.Local;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Meshara.AppHost.Hosting;

/// <summary>The host with the aspire engine, from its arguments to its exit code.</summary>
internal static class AspireProgram
{
    /// <summary>Runs, exports, or hands over to the local engine.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="compose">Adds the resources.</param>
    public static Task<int> RunAsync(string[] args, Action<IDistributedApplicationBuilder, MeshPlan> compose) =>
        FailureReport.RunAsync(LocalProgram.Name, async () =>
        {
            var split = AspireArguments.Split(args);
            var commandLine = new StackCommandLine();
            StackOptions Read(System.CommandLine.ParseResult arguments) =>
                commandLine.Read(arguments, StackCommandLine.Configuration(Directory.GetCurrentDirectory()));
            commandLine.Command.Add(ExportCommand.Create(async (arguments, folder, cancellationToken) =>
                await Exporter.RunAsync(folder, publish => PublishAsync(publish, Read(arguments), compose, cancellationToken))));

            commandLine.Command.SetAction(async (arguments, cancellationToken) =>
            {
                var options = Read(arguments);
                if (split.Publishes)
                    return await PublishAsync(split.Aspire, options, compose, cancellationToken);
                return options.LocalEngine ? await LocalProgram.RunAsync(options) : await RunMeshAsync(split.Aspire, options, compose);
            });

            var arguments = commandLine.Command.Parse(split.Own);
            if (arguments.Errors.Count > 0)
                _ = Read(arguments);
            // Signals are the application's to handle.
            return await arguments.InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        });

    private static async Task<int> RunMeshAsync(string[] args, StackOptions options, Action<IDistributedApplicationBuilder, MeshPlan> compose)
    {
        var plan = Plan(options, options.ChoosePorts(Random.Shared));
        using var folder = plan.Files.Claim();
        options.DiscardStaleResults();
        Directory.CreateDirectory(plan.Files.NodeLogs);

        var console = new StatusConsole(AnsiConsole.Console);
        var builder = DistributedApplication.CreateBuilder(Options([.. Defaults(plan.Stack.Ports), .. Parameters(), .. args]));
        compose(builder, plan);
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<MeshTraffic>(services, plan, console));
        builder.Services.AddHostedService(services => services.GetRequiredService<MeshTraffic>());
        IHostApplicationLifetime? lifetime = null;
        bool IsStoppedWhileStarting() => lifetime is { ApplicationStopping.IsCancellationRequested: true, ApplicationStarted.IsCancellationRequested: false };
        // To be asked to stop is no failure to start, and no reason for a stack trace.
        builder.Services.AddLogging(logging =>
            logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => level >= LogLevel.Information && !IsStoppedWhileStarting()));
        await using var application = builder.Build();
        await Preflight.CheckAsync(application, plan);

        using var stops = new StopRequests(console);
        stops.WatchDotnetRun();
        if (options.StopWithInput)
            stops.WatchInput(Console.OpenStandardInput());
        lifetime = application.Services.GetRequiredService<IHostApplicationLifetime>();
        using var stopping = stops.Stop.Register(lifetime.StopApplication);
        // The orchestrator watches this process, and ends what it has started when it is gone.
        using var killing = stops.Kill.Register(() => Environment.Exit(ExitCodes.Killed));
        var traffic = application.Services.GetRequiredService<MeshTraffic>();
        try
        {
            await application.RunAsync();
        }
        catch (OperationCanceledException) when (IsStoppedWhileStarting())
        {
            // Nothing was sent yet, so there is nothing to count; what had started already, the orchestrator ends.
        }

        return traffic.ExitCode;
    }

    private static async Task<int> PublishAsync(
        string[] args, StackOptions options, Action<IDistributedApplicationBuilder, MeshPlan> compose, CancellationToken cancellationToken)
    {
        var plan = Plan(options, options.ChoosePorts(Random.Shared));
        var builder = DistributedApplication.CreateBuilder(Options(args));
        // Two formats in one model would each want every resource for itself.
        if (!AspireArguments.Split(args).IsManifest)
            builder.AddComposeEnvironment();
        compose(builder, plan);
        await using var application = builder.Build();
        await application.RunAsync(cancellationToken);
        return Environment.ExitCode;
    }

    private static MeshPlan Plan(StackOptions options, StackPorts ports) => new(
        Stack.Create(options.Nodes, ports), options, new StackFiles(Path.GetFullPath(options.Data)), Locations.Repository());

    private static DistributedApplicationOptions Options(string[] args) => new()
    {
        Args = args,
        AssemblyName = typeof(AspireProgram).Assembly.GetName().Name,
        DashboardApplicationName = "Meshara",
        // Everything listens on the loopback address, and a certificate for it is one more thing to set up.
        AllowUnsecuredTransport = true,
    };

    // What a launch profile would say, so that the host can be started in any way. The environment wins.
    private static IEnumerable<string> Defaults(StackPorts ports)
    {
        (string Name, string Value)[] defaults =
        [
            ("ASPNETCORE_URLS", Url(ports.Dashboard)),
            ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", Url(ports.DashboardOtlp)),
            // Where the dashboard asks the host; any port will do, but not TLS, for which there may be no certificate.
            ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://127.0.0.1:0"),
            ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"),
        ];
        foreach (var (name, value) in defaults.Where(setting => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(setting.Name))))
            yield return $"--{name}={value}";
        // Only in Development does Aspire keep the passwords it makes up.
        if (Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") is null && Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") is null)
            yield return $"--environment={Environments.Development}";
    }

    // A shell cannot export a variable with a hyphen. Aspire takes an underscore for it, but only where it has not kept a value itself.
    private static IEnumerable<string> Parameters()
    {
        const string Prefix = "Parameters__";
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable.Key is string name && name.StartsWith(Prefix, StringComparison.Ordinal))
                yield return $"--Parameters:{name[Prefix.Length..].Replace('_', '-')}={variable.Value}";
        }
    }

    private static string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}");
}
