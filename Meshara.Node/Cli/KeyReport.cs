namespace Meshara.Node.Cli;

/// <summary>The output of <c>meshara keygen --json</c>.</summary>
/// <param name="Address">The new key's address.</param>
/// <param name="File">Full path of the key file.</param>
internal sealed record KeyReport(string Address, string File);
