using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Servers;

namespace Meshara.AppHost.Logs;

/// <summary>Elasticsearch, which keeps logs and traces.</summary>
/// <param name="Server">The server.</param>
/// <param name="Password">Of the user <c>elastic</c>; null where it does not run.</param>
internal sealed record LogStore(IResourceBuilder<IServerResource> Server, IResourceBuilder<ParameterResource>? Password);
