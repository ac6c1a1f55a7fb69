using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Meshara.Tests.Containers;

/// <summary>
/// A minimal SMTP server (RFC 5321) that keeps the mails it receives. It requires a password through AUTH LOGIN, the only mechanism that
/// Alertmanager uses without TLS with a remote host.
/// </summary>
internal sealed class MailServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Any, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _mails = new();
    private readonly ConcurrentBag<Task> _sessions = [];
    private Task _accepting = Task.CompletedTask;

    /// <summary>The port it listens on.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The password that a client must give.</summary>
    public string Password { get; } = RandomNumberGenerator.GetHexString(24, lowercase: true);

    /// <summary>The received mails, each with headers and body.</summary>
    public IReadOnlyCollection<string> Mails => _mails;

    public void Start()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        await Task.WhenAll(_sessions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _sessions.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // The server is being disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
        var isKnown = false;
        await writer.WriteLineAsync("220 receivers");
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            switch (line.Split(' ')[0].ToUpperInvariant())
            {
                case "EHLO":
                    await writer.WriteLineAsync("250-receivers\r\n250 AUTH LOGIN");
                    break;
                case "AUTH":
                    isKnown = await AuthenticateAsync(reader, writer, line);
                    await writer.WriteLineAsync(isKnown ? "235 Welcome" : "535 Wrong password");
                    break;
                case "MAIL" when !isKnown:
                    await writer.WriteLineAsync("530 Authentication required");
                    break;
                case "DATA":
                    await writer.WriteLineAsync("354 Go on");
                    _mails.Enqueue(await ReadMailAsync(reader));
                    await writer.WriteLineAsync("250 Taken");
                    break;
                case "QUIT":
                    await writer.WriteLineAsync("221 Bye");
                    return;
                default:
                    await writer.WriteLineAsync("250 Fine");
                    break;
            }
        }
    }

    // The user name comes with the command, or after the prompt for it.
    private async Task<bool> AuthenticateAsync(StreamReader reader, StreamWriter writer, string command)
    {
        if (command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length < 3)
        {
            await writer.WriteLineAsync("334 VXNlcm5hbWU6");
            await reader.ReadLineAsync(_stop.Token);
        }
        await writer.WriteLineAsync("334 UGFzc3dvcmQ6");
        var given = await reader.ReadLineAsync(_stop.Token) ?? "";
        return Encoding.UTF8.GetString(Convert.FromBase64String(given)) == Password;
    }

    private async Task<string> ReadMailAsync(StreamReader reader)
    {
        var mail = new StringBuilder();
        while (await reader.ReadLineAsync(_stop.Token) is { } line && line != ".")
            mail.Append(line.StartsWith('.') ? line[1..] : line).Append('\n');
        return mail.ToString();
    }
}
