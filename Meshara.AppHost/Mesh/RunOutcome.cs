using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>What the host ends with: the first thing that went wrong.</summary>
internal sealed class RunOutcome
{
    private int _exitCode = ExitCodes.Success;

    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode => _exitCode;

    /// <summary>Something went wrong.</summary>
    public void Fail(int exitCode) => Interlocked.CompareExchange(ref _exitCode, exitCode, ExitCodes.Success);
}
