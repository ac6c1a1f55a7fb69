using System.Buffers;
using System.Net.Http.Headers;

namespace Meshara.Watch.Nodes;

/// <summary>
/// Reads from a server that is not trusted: each request has a deadline, each body a limit, and nothing is followed, unpacked or
/// remembered. A fault is an answer and not an exception.
/// </summary>
internal sealed class BoundedClient : IDisposable
{
    /// <summary>A node's metrics take 60 KB; recent traces of 20 messages about as much.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>How long a request may take.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private const int MaxHeaderKilobytes = 16, MaxConnections = 4, FirstRead = 16 * 1024;

    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    /// <param name="token">Bearer token; null for none.</param>
    /// <param name="time">Measures the deadline.</param>
    /// <param name="isSelf">See <see cref="WatchedNode.IsSelf"/>.</param>
    public BoundedClient(string? token, TimeProvider time, bool isSelf = false)
    {
        _time = time;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = Deadline,
            MaxConnectionsPerServer = MaxConnections,
            MaxResponseHeadersLength = MaxHeaderKilobytes,
            // A node is reached directly and answers itself: the token must not go to a proxy or follow a redirect.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = null,
        };
#pragma warning disable CA5359 // A node that asks itself connects to its own port on its own machine, which no certificate names.
        if (isSelf)
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        if (!string.IsNullOrEmpty(token))
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Gets a resource.</summary>
    /// <param name="url">Its URL.</param>
    /// <param name="stop">Cancels the request; only this throws.</param>
    public async Task<Answer> GetAsync(Uri url, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(Deadline, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            using var response = await _http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            return await ReadAsync(body, limit.Token) is { } content
                ? new Answer((int)response.StatusCode, content)
                : new Answer(0, default, $"{url.AbsolutePath} answers more than {MaxBytes / 1024} KiB");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new Answer(0, default, $"{url.AbsolutePath} is not answered within {Deadline.TotalSeconds:0} s", IsSilent: true);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            var isSilent = exception is not HttpRequestException
            {
                HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded,
            };
            var cause = Shown.Bounded(exception.GetBaseException().Message.TrimEnd('.'), 120);
            return new Answer(0, default, $"{url.AbsolutePath}: {cause}", isSilent);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <returns>Null if there is more than <see cref="MaxBytes"/>.</returns>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(Stream body, CancellationToken stop)
    {
        var content = new ArrayBufferWriter<byte>(FirstRead);
        while (await body.ReadAsync(content.GetMemory(FirstRead), stop) is > 0 and var read)
        {
            content.Advance(read);
            if (content.WrittenCount > MaxBytes)
                return null;
        }
        return content.WrittenMemory;
    }
}
