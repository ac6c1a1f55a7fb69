using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;
using Meshara.Harness.Monitoring;

namespace Meshara.AppHost.Resources;

/// <summary>Adds Alertmanager.</summary>
internal static class AlertmanagerExtensions
{
    private const string Folder = "/etc/alertmanager";
    private const string Secrets = Folder + "/secrets";

    /// <summary>Adds Alertmanager; null when it is left out.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="plan">What is run.</param>
    /// <param name="secrets">What it notifies with; it reads them from files, for it expands no variables.</param>
    /// <param name="mailpit">Where mail goes.</param>
    public static IResourceBuilder<AlertmanagerResource>? AddAlertmanager(
        this IDistributedApplicationBuilder builder, MeshPlan plan, MeshSecrets secrets, IResourceBuilder<MailpitResource>? mailpit)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(secrets);
        if (!plan.Has(StackPart.Alertmanager))
            return null;
        var alertmanager = builder.AddPart(new AlertmanagerResource(StackPart.Alertmanager.Name), StackPart.Alertmanager, plan)
            .WithArgs(
                $"--config.file={Folder}/alertmanager.yml",
                "--storage.path=/alertmanager",
                // Alone, without the ten seconds that it otherwise waits for others to gossip with.
                "--cluster.listen-address=")
            .WithMeshVolume(plan, "/alertmanager")
            .WithRepositoryFiles($"{Folder}/templates", plan, "alerts/templates")
            .WithHttpProbe(ProbeType.Readiness, "/-/ready")
            .WithPage("Alertmanager – active alerts", "/#/alerts");
        if (mailpit is not null)
            alertmanager.WaitFor(mailpit);
        return builder.ExecutionContext.IsRunMode ? alertmanager.Notifying(plan, secrets) : alertmanager.WithSecretFiles(plan, secrets);
    }

    // On a developer's machine a receiver without its secret shows its alerts and notifies nobody.
    private static IResourceBuilder<AlertmanagerResource> Notifying(this IResourceBuilder<AlertmanagerResource> alertmanager, MeshPlan plan, MeshSecrets secrets)
    {
        (string File, IResourceBuilder<ParameterResource>? Parameter)[] files =
            [("secrets/pagerduty_routing_key", secrets.PagerDutyRoutingKey), ("secrets/smtp_password", secrets.SmtpPassword)];
        bool IsThere(string file) => files.Any(secret => secret.File == file && secret.Parameter is not null);
        var configuration = AlertmanagerFolder.WithoutSecrets(File.ReadAllText(plan.File("alerts/alertmanager.yml")), file => !IsThere(file));
        // Alertmanager opens secrets relative to its working directory.
        return alertmanager.WithContainerRuntimeArgs("--workdir", Folder)
            .WithFile(Folder, "alertmanager.yml", configuration)
            .WithContainerFiles(Secrets, async (_, cancellationToken) =>
            {
                var items = new List<ContainerFileSystemItem>();
                foreach (var (file, parameter) in files)
                {
                    if (parameter is not null)
                        items.Add(ConfigurationFiles.Item(Path.GetFileName(file), await parameter.Resource.GetValueAsync(cancellationToken) ?? ""));
                }

                return items;
            });
    }

    private static IResourceBuilder<AlertmanagerResource> WithSecretFiles(this IResourceBuilder<AlertmanagerResource> alertmanager, MeshPlan plan, MeshSecrets secrets) =>
        alertmanager
            .WithRepositoryFiles(Folder, plan, "alerts/alertmanager.yml")
            .PublishSecretFile($"{Secrets}/pagerduty_routing_key", secrets.PagerDutyRoutingKey!)
            .PublishSecretFile($"{Secrets}/smtp_password", secrets.SmtpPassword!)
            .PublishInFolder(Folder);
}
