using Aspire.Hosting;
using Meshara.AppHost.Export;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Preflight;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Meshara.AppHost;

/// <summary>Creates and runs the Aspire application with this host's options.</summary>
internal static class StackApplication
{
    /// <summary>Name of the program in its messages.</summary>
    public const string Name = "meshara-apphost";

    /// <summary>Handles what needs no model: help and version.</summary>
    /// <returns>The exit code; null if the stack is to be run or published.</returns>
    public static async Task<int?> AnswerAsync(string[] args)
    {
        var split = AspireArguments.Split(args);
        var commandLine = new StackCommandLine();
        ExportCommand.AddTo(commandLine);
        var arguments = commandLine.Command.Parse(split.Own);
        return arguments.Errors.Count == 0 && arguments.Action is not null
            ? await FailureReport.RunAsync(Name, () => arguments.InvokeAsync())
            : null;
    }

    /// <summary>Reads and checks the options, decides where each server runs, and creates the application's builder.</summary>
    /// <exception cref="StackException">An option is invalid, or this machine lacks something it requires.</exception>
    public static async Task<IDistributedApplicationBuilder> CreateBuilderAsync(string[] args)
    {
        var split = AspireArguments.Split(ExportCommand.Expand(args));
        var commandLine = new StackCommandLine();
        var configuration = StackCommandLine.Configuration(Directory.GetCurrentDirectory());
        var options = commandLine.Read(commandLine.Command.Parse(split.Own), configuration);
        if (split.Publishes && options.Target == ExportTarget.Kubernetes)
            KubernetesSteps.Check(split, options);
        var ports = options.ChoosePorts(Random.Shared);
        var plan = new MeshPlan(
            Stack.Create(options.Nodes, ports), options, new StackFiles(Path.GetFullPath(options.Data)), Locations.Repository(),
            split.Publishes ? await ExportPlacesAsync(split, options) : await PlacesAsync(options, ports));
        var builder = split.Publishes ? CreatePublisher(split, plan) : CreateRunner(split, plan);
        builder.Services.AddSingleton(plan);
        return builder;
    }

    /// <summary>Runs the application until it is stopped or <c>--for</c> has elapsed, or publishes it.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    /// <exception cref="StackException">A preflight check failed, or the mesh's folder cannot be used.</exception>
    public static async Task<int> RunStackAsync(this DistributedApplication application)
    {
        ArgumentNullException.ThrowIfNull(application);
        await using var running = application;
        if (application.Services.GetRequiredService<DistributedApplicationExecutionContext>().IsRunMode)
            return await StackRun.RunAsync(application);
        var background = application.Services.GetServices<IHostedService>().OfType<BackgroundService>().ToList();
        await application.RunAsync();
        // If a step fails, Aspire only logs it and then ends as if none had failed.
        return background.Any(service => service.ExecuteTask is { IsFaulted: true }) ? ExitCodes.Failure : Environment.ExitCode;
    }

    private static async Task<IReadOnlyDictionary<StackPart, Placement>> PlacesAsync(StackOptions options, StackPorts ports)
    {
        var noContainers = options.Servers switch
        {
            ServerChoice.Containers => null,
            ServerChoice.Programs => "containers are not wanted",
            _ when options.Parts.Count == 0 => null,
            _ => await ContainerEngine.FromEnvironment().FindFaultAsync(options.Parts.Contains(StackPart.Prometheus)),
        };
        return Placement.Decide(options.Parts, noContainers, Packages.HaveContainers, ports, Environment.GetEnvironmentVariable);
    }

    private static Task<IReadOnlyDictionary<StackPart, Placement>> ExportPlacesAsync(AspireArguments arguments, StackOptions options)
    {
        if (arguments.Exports && !Packages.HaveContainers && (arguments.IsManifest || options.Target == ExportTarget.Compose))
        {
            throw new StackException(
                $"This export needs Aspire.Hosting.Docker and Aspire.Hosting.Elasticsearch. {Packages.Remedy}", ExitCodes.Unfit);
        }

        var parts = Packages.HaveContainers
            ? options.Parts
            : options.Parts.Where(part => !part.NeedsPackage && part.Needs is null).ToHashSet();
        return Task.FromResult(Placement.AllContainers(parts));
    }

    private static IDistributedApplicationBuilder CreatePublisher(AspireArguments arguments, MeshPlan plan)
    {
        var builder = DistributedApplication.CreateBuilder(Options(arguments.Aspire));
        if (arguments.IsManifest)
            return builder;
        if (plan.Options.Target == ExportTarget.Kubernetes)
        {
            builder.AddKubernetesSteps(plan);
        }
        else if (Packages.HaveContainers)
        {
            builder.AddExportSteps(arguments.Own);
            builder.AddComposeEnvironment();
        }

        return builder;
    }

    private static IDistributedApplicationBuilder CreateRunner(AspireArguments arguments, MeshPlan plan)
    {
        PortsCheck.RefuseNodes(plan);
        HomeFolder.Ensure(plan.Files);
        string[] settings = [.. AspireSettings.Defaults(plan.Stack.Ports), .. AspireSettings.Parameters(), .. arguments.Aspire];
        var builder = DistributedApplication.CreateBuilder(Options(settings));
        var isDebugged = arguments.IsDebugged;
        builder.Services.AddLogging(logging =>
        {
            // The host prints its own messages; Aspire's are only useful for debugging Aspire.
            if (!isDebugged)
                logging.AddFilter("Aspire", LogLevel.Warning).AddFilter("Microsoft", LogLevel.Warning)
                    // It warns that a key is not persisted, but the dashboard needs that key for one run only.
                    .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
                    // A stop during startup is not a failure; the exception itself reports any other error.
                    .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        });
        builder.Services.AddSingleton(new StatusConsole(AnsiConsole.Console));
        return builder;
    }

    private static DistributedApplicationOptions Options(string[] args) => new()
    {
        Args = args,
        AssemblyName = typeof(StackApplication).Assembly.GetName().Name,
        DashboardApplicationName = "Meshara",
        // Everything listens on the loopback address; TLS would only add a certificate to set up.
        AllowUnsecuredTransport = true,
    };
}
