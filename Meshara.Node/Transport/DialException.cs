namespace Meshara.Node.Transport;

/// <summary>Nothing answers at an endpoint; its code is <see cref="ErrorCodes.Unreachable"/>.</summary>
/// <param name="message">One sentence that names the endpoint.</param>
/// <param name="cause">Why, for the log.</param>
/// <param name="innerException">The failure of the socket.</param>
internal sealed class DialException(string message, string cause, Exception? innerException = null)
    : MesharaException(ErrorCodes.Unreachable, message, innerException)
{
    /// <summary>Why, for the log.</summary>
    public string Cause { get; } = cause;
}
