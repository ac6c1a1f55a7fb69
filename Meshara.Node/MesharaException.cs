namespace Meshara.Node;

/// <summary>
/// An expected failure with a code that is stable across versions. At the edges it becomes a problem+json response or one line
/// on stderr, never a stack trace.
/// </summary>
public class MesharaException : Exception
{
    /// <param name="code">One of <see cref="ErrorCodes"/>.</param>
    /// <param name="message">One sentence that says what is wrong and, where possible, what to do.</param>
    /// <param name="innerException">The cause, kept for logs.</param>
    public MesharaException(string code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>The stable, machine-readable code; see <see cref="ErrorCodes"/>.</summary>
    public string Code { get; }
}
