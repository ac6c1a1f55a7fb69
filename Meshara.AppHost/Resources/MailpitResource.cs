using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Resources;

/// <summary>Mailpit, which catches the alert mails.</summary>
/// <param name="name">The name of the resource.</param>
internal sealed class MailpitResource(string name) : ContainerResource(name)
{
    /// <summary>Its page and API.</summary>
    public EndpointReference Http => new(this, "http");
}
