using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Hosting;

/// <summary>Every password and key of the stack, as parameters: none is ever written into a file of the repository or an export.</summary>
/// <param name="ElasticsearchPassword">Of the user <c>elastic</c>.</param>
/// <param name="KibanaPassword">Of the user <c>kibana_system</c>, as which Kibana works.</param>
/// <param name="GrafanaPassword">Of the user <c>admin</c>.</param>
/// <param name="SmtpPassword">For the mail relay; null when nobody gave one and there is no mail catcher.</param>
/// <param name="PagerDutyRoutingKey">Integration key of a PagerDuty service; null when nobody gave one.</param>
/// <param name="ApiToken">What the nodes' API asks for; null on a developer's machine, where it listens on the loopback address.</param>
internal sealed record MeshSecrets(
    IResourceBuilder<ParameterResource> ElasticsearchPassword,
    IResourceBuilder<ParameterResource> KibanaPassword,
    IResourceBuilder<ParameterResource> GrafanaPassword,
    IResourceBuilder<ParameterResource>? SmtpPassword,
    IResourceBuilder<ParameterResource>? PagerDutyRoutingKey,
    IResourceBuilder<ParameterResource>? ApiToken);
