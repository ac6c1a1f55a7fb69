using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Hosting;

namespace Meshara.AppHost.Resources;

/// <summary>Adds Mailpit.</summary>
internal static class MailpitExtensions
{
    /// <summary>Adds Mailpit under the name that <c>alerts/alertmanager.yml</c> sends mail to; null when it is left out.</summary>
    public static IResourceBuilder<MailpitResource>? AddMailpit(this IDistributedApplicationBuilder builder, MeshPlan plan)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Has(StackPart.Mailpit)
            ? builder.AddPart(new MailpitResource(StackPart.Mailpit.Name), StackPart.Mailpit, plan)
                .WithEnvironment("MP_MAX_MESSAGES", "1000")
                .WithHttpProbe(ProbeType.Readiness, "/readyz")
                .WithPage("Mailpit – alert mails")
            : null;
    }
}
