using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>Something that keeps the stack from running.</summary>
/// <param name="Line">What it is and what to do.</param>
/// <param name="ExitCode">What the host ends with.</param>
internal sealed record Finding(string Line, int ExitCode = ExitCodes.Unfit);
