using System.ComponentModel;

namespace Meshara.Node.Api.Contracts;

[Description("Who the node is and where it stands.")]
internal sealed record NodeResponse(
    [property: Description("The node's address: its Ed25519 public key in lower-case base32, 52 characters.")] string Address,
    [property: Description("BLAKE2b-256 of the public key in hexadecimal: its place in the Kademlia key space.")] string NodeId,
    [property: Description("The name its operator gave it.")] string Name,
    [property: Description("Version of the program.")] string Version,
    [property: Description("starting: loading, binding or joining; ready: takes messages; draining: asked to stop.")] NodeState State,
    [property: Description("Where peers can dial it, as tcp://host:port; empty when it only dials out.")] IReadOnlyList<string> Endpoints,
    [property: Description("When the process became a node (UTC, RFC 3339).")] DateTime StartedAt,
    [property: Description("Port of /metrics on the API's host; 0 when the system chose one.")] int MetricsPort)
{
    public static NodeResponse From(NodeInfo info, NodeState state, int metricsPort) => new(
        info.Address.ToString(), info.NodeId, info.Name, info.Version, state, info.Endpoints, info.StartedAt.UtcDateTime, metricsPort);
}
