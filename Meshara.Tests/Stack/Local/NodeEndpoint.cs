namespace Meshara.Tests.Stack.Local;

/// <summary>An entry of the endpoints file.</summary>
internal sealed record NodeEndpoint(string Name, string Address, string Mesh, string Http, string Metrics, int Pid);
