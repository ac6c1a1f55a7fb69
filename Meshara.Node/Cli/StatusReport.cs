using Meshara.Node.Api.Contracts;

namespace Meshara.Node.Cli;

/// <summary>The output of <c>meshara status --json</c>.</summary>
/// <param name="Node">The node's identity and state.</param>
/// <param name="Health">The node's health.</param>
internal sealed record StatusReport(NodeResponse Node, HealthReport Health);
