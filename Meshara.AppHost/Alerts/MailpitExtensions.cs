using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Servers;

namespace Meshara.AppHost.Alerts;

internal static class MailpitExtensions
{
    private const string Messages = "1000";

    /// <summary>Adds Mailpit under the name that <c>alerts/alertmanager.yml</c> sends mail to.</summary>
    public static IResourceBuilder<IServerResource> AddMailpit(this IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var plan = builder.Plan();
        return builder.AddServer(
            StackPart.Mailpit,
            container => container.WithEnvironment("MP_MAX_MESSAGES", Messages),
            program => program
                .WithEnvironment("MP_MAX_MESSAGES", Messages)
                .WithArgs("--listen", plan.Listen(StackPart.Mailpit), "--smtp", plan.Listen(StackPart.Mailpit, "smtp")))
            .WithPage("Mail", "Mailpit – alert mails", ready: "/readyz");
    }
}
