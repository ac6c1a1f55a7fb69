using Meshara.Node.Api.Contracts;

namespace Meshara.Node.Cli;

/// <summary>What <c>meshara status --json</c> prints.</summary>
/// <param name="Node">Who the node is.</param>
/// <param name="Health">How it feels.</param>
internal sealed record StatusReport(NodeResponse Node, HealthReport Health);
