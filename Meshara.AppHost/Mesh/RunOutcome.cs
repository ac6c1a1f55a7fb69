using Meshara.Harness;

namespace Meshara.AppHost.Mesh;

/// <summary>Holds the host's exit code; the first failure wins.</summary>
internal sealed class RunOutcome
{
    private int _exitCode = ExitCodes.Success;

    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode => _exitCode;

    /// <summary>Records a failure.</summary>
    public void Fail(int exitCode) => Interlocked.CompareExchange(ref _exitCode, exitCode, ExitCodes.Success);
}
