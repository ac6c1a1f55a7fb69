using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>
/// Alertmanager with the project's configuration and templates. Only what alerts/README.md lists as specific to a deployment is replaced:
/// the destinations of pages and mails. The receiver <c>nobody</c> gets a webhook.
/// </summary>
internal sealed class AlertmanagerContainer : IAsyncDisposable
{
    /// <summary>Its name in the network.</summary>
    public const string Name = "alertmanager";

    /// <summary>Its port in the container.</summary>
    public const int Port = 9093;

    private const string Folder = "/etc/alertmanager";

    private readonly AlertReceivers? _receivers;

    private AlertmanagerContainer(HttpClient http, AlertReceivers? receivers) => (Http, _receivers) = (http, receivers);

    /// <summary>Its API.</summary>
    public HttpClient Http { get; }

    /// <summary>The receivers it notifies.</summary>
    public AlertReceivers Receivers => _receivers ?? throw new InvalidOperationException("With its configuration unchanged it notifies nobody here.");

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>Starts it, with receivers on this machine.</summary>
    public static async Task<AlertmanagerContainer> StartAsync(ContainerStack stack)
    {
        var image = await stack.Images.UseAsync(ContainerImage.Alertmanager);
        var receivers = stack.Own(await AlertReceivers.StartAsync(Test));
        var configuration = await File.ReadAllTextAsync(Path.Combine(AlertFiles.Alerts, "alertmanager.yml"), Test);
        configuration = Replaced(configuration, "https://events.pagerduty.com/v2/enqueue", $"http://receivers:{receivers.HttpPort}/v2/enqueue");
        configuration = Replaced(configuration, "mailpit:1025", $"receivers:{receivers.SmtpPort}");
        configuration = Replaced(configuration, "  - name: nobody\n",
            $"  - name: nobody\n    webhook_configs:\n      - url: http://receivers:{receivers.HttpPort}/webhook\n");

        var builder = Secrets(await stack.BuilderAsync(image, Name, Port), receivers.RoutingKey, receivers.Password)
            .WithResourceMapping(Encoding.UTF8.GetBytes(configuration), $"{Folder}/alertmanager.yml")
            .WithExtraHost("receivers", "host-gateway");
        return await StartAsync(stack, builder, receivers);
    }

    /// <summary>Starts it with its configuration unchanged: mail goes to the host <c>mailpit</c> of the network.</summary>
    public static async Task<AlertmanagerContainer> StartUnchangedAsync(ContainerStack stack)
    {
        var image = await stack.Images.UseAsync(ContainerImage.Alertmanager);
        var builder = Secrets(await stack.BuilderAsync(image, Name, Port), RandomNumberGenerator.GetHexString(32, lowercase: true), "")
            .WithBindMount(Path.Combine(AlertFiles.Alerts, "alertmanager.yml"), $"{Folder}/alertmanager.yml", AccessMode.ReadOnly);
        return await StartAsync(stack, builder, receivers: null);
    }

    /// <summary>Posts an alert, as Prometheus would.</summary>
    public async Task FireAsync(string alert, string severity, string node, string summary)
    {
        object[] alerts =
        [
            new
            {
                labels = new { alertname = alert, severity, cluster = Harness.Stack.Cluster, node },
                annotations = new { summary, description = $"{alert} is tested.", runbook_url = $"https://runbooks.example.org/{alert}", dashboard_url = "/d/meshara-overview" },
            },
        ];
        using var answer = await Http.PostAsJsonAsync("api/v2/alerts", alerts, Test);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Test));
    }

    /// <summary>The names of its active alerts.</summary>
    public async Task<IReadOnlyList<string>> AlertsAsync() =>
    [
        .. (await Http.GetFromJsonAsync<JsonElement>("api/v2/alerts", Test)).EnumerateArray()
            .Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!),
    ];

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<AlertmanagerContainer> StartAsync(ContainerStack stack, ContainerBuilder builder, AlertReceivers? receivers)
    {
        var container = await stack.StartAsync(builder
            .WithBindMount(Path.Combine(AlertFiles.Alerts, "templates"), $"{Folder}/templates", AccessMode.ReadOnly)
            // Paths of secrets are relative to the working directory.
            .WithWorkingDirectory(Folder)
            .WithCommand($"--config.file={Folder}/alertmanager.yml", "--storage.path=/alertmanager", "--cluster.listen-address="));
        var alertmanager = stack.Own(new AlertmanagerContainer(ContainerStack.Client(container, Port), receivers));
        await stack.UntilAsync("Alertmanager is ready", async () => (await alertmanager.Http.GetAsync("-/ready", Test)).IsSuccessStatusCode);
        return alertmanager;
    }

    private static ContainerBuilder Secrets(ContainerBuilder builder, string routingKey, string password) => builder
        .WithResourceMapping(Encoding.UTF8.GetBytes(routingKey), $"{Folder}/secrets/pagerduty_routing_key")
        .WithResourceMapping(Encoding.UTF8.GetBytes(password), $"{Folder}/secrets/smtp_password");

    private static string Replaced(string text, string from, string to) =>
        text.Contains(from, StringComparison.Ordinal) ? text.Replace(from, to, StringComparison.Ordinal) : throw new InvalidDataException($"alertmanager.yml does not say '{from}'.");
}
