using System.CommandLine;

namespace Meshara.Node.Cli;

/// <summary>The source of a message for <c>send</c> and <c>broadcast</c>: the command line, a file, or standard input.</summary>
internal sealed class MessageSource
{
    /// <summary>No node accepts more (Delivery:MaxMessageBytes), so a larger input is refused here.</summary>
    private const int MaxBytes = 1024 * 1024;

    private readonly Argument<string?> _text = new("TEXT") { Arity = ArgumentArity.ZeroOrOne, Description = "The message, or - to read it from standard input. Put -- before a text that begins with a dash." };

    private readonly Option<string> _file = new("--file") { HelpName = "FILE", Description = "Send this file's bytes." };

    /// <summary>Adds the source to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_text);
        command.Add(_file);
        command.Validators.Add(result =>
        {
            var text = result.GetResult(_text) is { Tokens.Count: > 0 };
            var file = result.GetResult(_file) is not null;
            if (text == file)
                result.AddError(text ? "Give either TEXT or --file, not both." : "Give a message: TEXT, --file FILE, or - for standard input.");
        });
    }

    /// <summary>The text as typed, or the bytes of the file or of standard input; one of the two is null.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.InvalidArgument"/> or <see cref="ErrorCodes.Oversize"/>.</exception>
    public async Task<(string? Text, byte[]? Content)> ReadAsync(ParseResult parsed, CliHost host, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_file) is { } path)
            return (null, await ReadFileAsync(path, cancellationToken));
        var text = parsed.GetValue(_text);
        if (text != "-")
            return (text, null);
        await using var input = host.OpenInput();
        return (null, await ReadAllAsync(input, "standard input", cancellationToken));
    }

    private static async Task<byte[]> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await ReadAllAsync(file, $"'{Printable.Bounded(path, 200)}'", cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new MesharaException(ErrorCodes.InvalidArgument, $"The file cannot be read: {exception.Message}", exception);
        }
    }

    private static async Task<byte[]> ReadAllAsync(Stream stream, string name, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= MaxBytes
            ? buffer[..length]
            : throw new MesharaException(ErrorCodes.Oversize, $"{name} is larger than {MaxBytes} bytes, the most a message can hold.");
    }
}
