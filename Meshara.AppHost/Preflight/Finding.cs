using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>A problem that keeps the stack from running.</summary>
/// <param name="Line">The problem and its remedy.</param>
/// <param name="ExitCode">The host's exit code.</param>
internal sealed record Finding(string Line, int ExitCode = ExitCodes.Unfit);
