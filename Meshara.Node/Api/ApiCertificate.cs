using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Meshara.Node.Api;

/// <summary>
/// The certificate of the API's port, from PEM files that may be renewed while the node runs, as cert-manager and ACME clients
/// do. The files are reread when a client connects, at most once a second, and compared by content, since a mounted secret
/// changes through links.
/// </summary>
internal sealed partial class ApiCertificate
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly TimeProvider _time;
    private readonly ILogger<ApiCertificate> _logger;
    private readonly Lock _gate = new();
    private SslStreamCertificateContext _current;
    private string? _seen;
    private long _checkedAt;

    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>: the files cannot be used.</exception>
    public ApiCertificate(string certificateFile, string keyFile, TimeProvider time, ILogger<ApiCertificate> logger)
    {
        (_certificateFile, _keyFile, _time, _logger) = (certificateFile, keyFile, time, logger);
        _checkedAt = time.GetTimestamp();
        _current = Load(out _seen);
    }

    /// <summary>The certificate for the next connection.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_checkedAt) >= CheckInterval)
                    Renew();
                return _current;
            }
        }
    }

    /// <summary>
    /// If the new files cannot be used, as in the middle of a renewal, the last certificate stays in use. Each state of the
    /// files is tried once.
    /// </summary>
    private void Renew()
    {
        _checkedAt = _time.GetTimestamp();
        var before = _seen;
        try
        {
            var renewed = Load(out _seen, unlessSeen: before);
            if (renewed is null)
                return;
            _current = renewed;
            Log.Renewed(_logger, _certificateFile);
        }
        catch (MesharaException e)
        {
            if (_seen != before)
                Log.NotRenewed(_logger, _certificateFile, e.Message);
        }
    }

    private SslStreamCertificateContext Load(out string? seen) => Load(out seen, unlessSeen: null)!;

    /// <param name="seen">The content that was read; null if reading failed.</param>
    /// <param name="unlessSeen">Content that need not be loaded again.</param>
    private SslStreamCertificateContext? Load(out string? seen, string? unlessSeen)
    {
        seen = null;
        try
        {
            var (chain, privateKey) = (File.ReadAllText(_certificateFile), File.ReadAllText(_keyFile));
            seen = $"{chain}\n{privateKey}";
            return seen == unlessSeen ? null : Context(chain, privateKey);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            var (certificate, key) = (Printable.Bounded(_certificateFile, 200), Printable.Bounded(_keyFile, 200));
            throw new MesharaException(
                ErrorCodes.Configuration, $"The API's certificate '{certificate}' with the key '{key}' cannot be used: {e.Message}", e);
        }
    }

    private static SslStreamCertificateContext Context(string certificate, string key)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(certificate);
        var own = X509Certificate2.CreateFromPem(certificate, key);
        // Windows accepts no private key that exists only in memory.
        if (OperatingSystem.IsWindows())
            own = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), password: null);
        return SslStreamCertificateContext.Create(own, [.. chain.Skip(1)], offline: true);
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "CertificateRenewed", Level = LogLevel.Information,
            Message = "The API's certificate {file} was renewed")]
        public static partial void Renewed(ILogger logger, string file);

        [LoggerMessage(EventName = "CertificateNotRenewed", Level = LogLevel.Warning,
            Message = "The API's certificate {file} has changed and is not used; the last one still is: {cause}")]
        public static partial void NotRenewed(ILogger logger, string file, string cause);
    }
}
