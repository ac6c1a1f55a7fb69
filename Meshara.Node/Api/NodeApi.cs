using Meshara.Node.Api.Contracts;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Api;

/// <summary>
/// <c>/api/node</c>, <c>/api/peers</c>, <c>/api/routes</c>: the node's identity and state, and the nodes it knows.
/// </summary>
internal static class NodeApi
{
    public static void MapNode(this RouteGroupBuilder api)
    {
        var group = api.MapGroup("").WithTags("Node");
        group.MapGet("/node", GetNode)
            .WithName("GetNode").WithSummary("Who the node is and where it stands.").Problems();
        group.MapGet("/peers", GetPeers)
            .WithName("GetPeers").WithSummary("Live authenticated connections.").Problems();
        group.MapGet("/routes", GetRoutes)
            .WithName("GetRoutes").WithSummary("Contacts and learned routes.").Problems();
    }

    internal static Ok<NodeResponse> GetNode(INodeView node, IOptions<MetricsOptions> metrics) =>
        TypedResults.Ok(NodeResponse.From(node.Info, node.State, metrics.Value.Port));

    internal static Ok<PeersResponse> GetPeers(INodeView node) =>
        TypedResults.Ok(new PeersResponse([.. node.GetPeers().Select(PeerResponse.From)]));

    internal static Ok<RoutesResponse> GetRoutes(INodeView node) =>
        TypedResults.Ok(new RoutesResponse([.. node.GetRoutes().Select(RouteResponse.From)]));
}
