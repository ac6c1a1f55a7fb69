using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Export;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;
using Meshara.Harness.Monitoring;

namespace Meshara.AppHost.Alerts;

internal static class AlertmanagerExtensions
{
    private const string Folder = "/etc/alertmanager";
    private const string Secrets = Folder + "/secrets";

    /// <summary>Adds Alertmanager, which sends its mails to Mailpit.</summary>
    /// <exception cref="Harness.StackException">Alertmanager runs as a program, has a secrets folder, and a secret is missing.</exception>
    public static IResourceBuilder<IServerResource> AddAlertmanager(
        this IDistributedApplicationBuilder builder, IResourceBuilder<IServerResource> mailpit)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(mailpit);
        var plan = builder.Plan();
        return builder.AddServer(
            StackPart.Alertmanager,
            container => container
                .WithArgs([
                    $"--config.file={Folder}/alertmanager.yml", "--storage.path=/alertmanager", AlertmanagerFolder.Alone,
                    PrometheusFolder.ExternalUrl(plan.Listen(StackPart.Alertmanager)),
                ])
                .WithMeshVolume("/alertmanager")
                .WithRepositoryFiles($"{Folder}/templates", "alerts/templates")
                .WithReceivers(plan, mailpit),
            program => program
                .WithConfiguration(plan)
                .WithArgs([.. AlertmanagerFolder.Arguments(plan.Listen(StackPart.Alertmanager))]))
            .WithPage("Alert", "Alertmanager – active alerts", "/#/alerts", ready: "/-/ready")
            .StartAfter(mailpit);
    }

    private static void WithReceivers(
        this IResourceBuilder<ServerContainer> alertmanager, MeshPlan plan, IResourceBuilder<IServerResource> mailpit)
    {
        var builder = alertmanager.ApplicationBuilder;
        // Mailpit asks for no password, but Alertmanager's configuration names the file.
        var smtp = mailpit.Resource.Actual is null ? builder.AddSecretOfOthers("smtp-password") : builder.AddSecret("smtp-password");
        var pager = builder.AddSecretOfOthers("pagerduty-routing-key");
        if (builder.ExecutionContext.IsRunMode)
            alertmanager.Notifying(plan, [("secrets/pagerduty_routing_key", pager), ("secrets/smtp_password", smtp)]);
        else
            alertmanager
                .WithRepositoryFiles(Folder, "alerts/alertmanager.yml")
                .PublishSecretFile($"{Secrets}/pagerduty_routing_key", pager!)
                .PublishSecretFile($"{Secrets}/smtp_password", smtp!)
                .PublishInFolder(Folder);
    }

    // On a developer's machine, a receiver whose secret is missing shows its alerts but sends no notification.
    private static void Notifying(
        this IResourceBuilder<ServerContainer> alertmanager, MeshPlan plan,
        (string File, IResourceBuilder<ParameterResource>? Parameter)[] files)
    {
        bool IsThere(string file) => files.Any(secret => secret.File == file && secret.Parameter is not null);
        var configuration = File.ReadAllText(plan.File("alerts/alertmanager.yml"));
        if (alertmanager.ApplicationBuilder.Configuration["Parameters:dead-mans-switch-url"] is { Length: > 0 } address)
            configuration = AlertmanagerFolder.WithSwitch(configuration, $"- url: '{address}'", "send_resolved: false");
        configuration = AlertmanagerFolder.WithoutSecrets(configuration, file => !IsThere(file));
        // Alertmanager expands no variables: it reads secrets from files, relative to its working directory.
        alertmanager.WithContainerRuntimeArgs("--workdir", Folder)
            .WithFile(Folder, "alertmanager.yml", configuration)
            .WithContainerFiles(Secrets, async (_, cancellationToken) =>
            {
                var items = new List<ContainerFileSystemItem>();
                foreach (var (file, parameter) in files)
                {
                    if (parameter is null)
                        continue;
                    var secret = await parameter.Resource.GetValueAsync(cancellationToken) ?? "";
                    items.Add(ConfigurationFiles.Item(Path.GetFileName(file), secret));
                }

                return items;
            });
    }

    private static IResourceBuilder<ServerProgram> WithConfiguration(this IResourceBuilder<ServerProgram> alertmanager, MeshPlan plan)
    {
        AlertmanagerFolder.RequireSecrets(plan.File("alerts"), plan.Files.Alertmanager);
        return alertmanager.WithFolder(folder =>
            AlertmanagerFolder.Write(plan.File("alerts"), folder, plan.Listen(StackPart.Mailpit, "smtp")));
    }
}
