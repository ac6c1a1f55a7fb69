using System.ComponentModel;

namespace Meshara.Node.Api.Contracts;

[Description("How the node would reach others.")]
internal sealed record RoutesResponse(
    [property: Description("Contacts and learned routes, by address.")] IReadOnlyList<RouteResponse> Routes);

[Description("One way to reach a node.")]
internal sealed record RouteResponse(
    [property: Description("The destination.")] string Address,
    [property: Description("direct: connected now; contact: known and dialable; cached: learned through via.")] string Kind,
    [property: Description("Address of the next hop of a cached route, otherwise null.")] string? Via,
    [property: Description("Where the destination says it can be dialled, as tcp://host:port.")] IReadOnlyList<string> Endpoints,
    [property: Description("When the node last heard of it (UTC, RFC 3339).")] DateTime LastSeen)
{
    public static RouteResponse From(RouteInfo route) => new(
        route.Address.ToString(), route.Kind, route.Via?.ToString(), route.Endpoints, route.LastSeen.UtcDateTime);
}
