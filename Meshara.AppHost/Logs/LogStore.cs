using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Servers;

namespace Meshara.AppHost.Logs;

/// <summary>Elasticsearch, which stores logs and traces.</summary>
/// <param name="Server">The server.</param>
/// <param name="Password">Password of the user <c>elastic</c>; null if Elasticsearch does not run.</param>
internal sealed record LogStore(IResourceBuilder<IServerResource> Server, IResourceBuilder<ParameterResource>? Password);
