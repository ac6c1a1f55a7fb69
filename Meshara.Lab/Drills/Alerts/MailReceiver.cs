using System.Buffers;
using System.Net;
using System.Text.RegularExpressions;
using MimeKit;
using SmtpServer;
using SmtpServer.Authentication;
using SmtpServer.ComponentModel;
using SmtpServer.Protocol;
using SmtpServer.Storage;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>An SMTP server that requires the password Alertmanager reads from a file, and parses the mails it receives.</summary>
internal sealed partial class MailReceiver(int port, string password, NotificationLog log, TimeProvider time) : IAsyncDisposable
{
    private CancellationTokenSource _stop = new();
    private Task _serving = Task.CompletedTask;

    /// <summary>Starts to accept mail.</summary>
    public void Start()
    {
        _stop = new CancellationTokenSource();
        var options = new SmtpServerOptionsBuilder()
            .ServerName("localhost")
            .Endpoint(endpoint => endpoint.Endpoint(new IPEndPoint(IPAddress.Loopback, port)).AuthenticationRequired().AllowUnsecureAuthentication())
            .Build();
        var services = new ServiceProvider();
        services.Add(new Store(log, time));
        services.Add(new Guard(password));
        _serving = new SmtpServer.SmtpServer(options, services).StartAsync(_stop.Token);
    }

    /// <summary>Refuses connections until it is started again.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    /// <summary>Parses a mail written by the project's templates.</summary>
    /// <exception cref="FormatException">The mail was not written by these templates.</exception>
    internal static Notification Read(MimeMessage mail, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(mail);
        var subject = Subject().Match(mail.Subject ?? "");
        if (!subject.Success || mail.HtmlBody is not { } html || mail.TextBody is not { } text)
            throw new FormatException($"This is no mail of alertmanager.yml: '{mail.Subject}'");
        // Resolved alerts are listed after the firing ones, with the same kind of label lines.
        var firing = html.Split(">Resolved</h2>")[0];
        var labels = subject.Groups["firing"].Success ? LabelLine().Matches(firing).Select(match => match.Groups["labels"].Value.Trim()) : [];
        return new Notification(Channel.Mail, subject.Groups["alert"].Value, subject.Groups["firing"].Success,
            $"{subject.Groups["alert"].Value} {subject.Groups["cluster"].Value}", string.Join('\n', labels.Order(StringComparer.Ordinal)), $"{text}\n{html}", at);
    }

    // [FIRING 2] NodeDown in local: Node node-3 is down
    [GeneratedRegex(@"^\[((?<firing>FIRING \d+)|RESOLVED)\] (?<alert>\w+)( in (?<cluster>\w+))?(: .*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Subject();

    [GeneratedRegex(@"<span [^>]*>(?<labels>alertname=[^<]*)</span>", RegexOptions.CultureInvariant)]
    private static partial Regex LabelLine();

    private sealed class Store(NotificationLog log, TimeProvider time) : MessageStore
    {
        public override async Task<SmtpResponse> SaveAsync(
            ISessionContext context, IMessageTransaction transaction, ReadOnlySequence<byte> buffer, CancellationToken cancellationToken)
        {
            var at = time.GetUtcNow();
            using var content = new MemoryStream(buffer.ToArray());
            log.Add(Read(await MimeMessage.LoadAsync(content, cancellationToken), at));
            return SmtpResponse.Ok;
        }
    }

    private sealed class Guard(string password) : UserAuthenticator
    {
        public override Task<bool> AuthenticateAsync(ISessionContext context, string user, string given, CancellationToken cancellationToken) =>
            Task.FromResult(given == password);
    }
}
