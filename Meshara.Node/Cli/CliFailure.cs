using System.Net.Sockets;
using Meshara.Node.Api;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Cli;

/// <summary>How a failure ends the process: one line on stderr and an exit code.</summary>
/// <param name="Line">What is wrong and what to do, without a line break.</param>
/// <param name="ExitCode">One of <see cref="ExitCodes"/>.</param>
internal readonly record struct CliFailure(string Line, int ExitCode)
{
    private const int LongestLine = 1000;

    /// <summary>Describes any exception that ended a command or kept the node from starting.</summary>
    public static CliFailure Of(Exception exception) => exception switch
    {
        MesharaException meshara => New(meshara.Message, FromCode(meshara.Code)),
        OptionsValidationException options => New(string.Join(' ', options.Failures), ExitCodes.Usage),
        // Kestrel: "Failed to bind to address http://127.0.0.1:8080: address already in use."
        IOException { InnerException: AddressInUseException } inUse =>
            New($"{inUse.Message} Stop the other program or choose another port (--http, --metrics, --mesh).", ExitCodes.CannotListen),
        SocketException socket => New($"Cannot listen: {socket.Message}. Choose an address of this machine and a port that may be used.", ExitCodes.CannotListen),
        _ => New($"unexpected failure: {exception.GetType().Name}: {exception.Message}", ExitCodes.Unexpected),
    };

    /// <summary>The exit code for a code of <see cref="MesharaException"/> or of a problem+json answer.</summary>
    public static int FromCode(string code) => code switch
    {
        ErrorCodes.InvalidArgument or ErrorCodes.EmptyMessage or ErrorCodes.Oversize or ErrorCodes.Configuration => ExitCodes.Usage,
        ApiErrorCodes.Unauthorized or ApiErrorCodes.ForbiddenHost => ExitCodes.Usage,
        ErrorCodes.Listen => ExitCodes.CannotListen,
        ErrorCodes.KeyFile => ExitCodes.KeyFile,
        ErrorCodes.Storage => ExitCodes.Storage,
        ErrorCodes.Unreachable or ErrorCodes.NotReady or ErrorCodes.QueueFull => ExitCodes.Unreachable,
        ErrorCodes.NotFound => ExitCodes.NotDelivered,
        _ => ExitCodes.Unexpected,
    };

    /// <summary>Writes the line in the form that all failures of <c>meshara</c> have.</summary>
    public int WriteTo(TextWriter error)
    {
        error.WriteLine($"meshara: {Line}");
        return ExitCode;
    }

    private static CliFailure New(string text, int exitCode) => new(Printable.Bounded(text.ReplaceLineEndings(" "), LongestLine), exitCode);
}
