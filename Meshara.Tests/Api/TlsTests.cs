using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meshara.Node;
using Meshara.Node.Cli;
using Meshara.Tests.Cli;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack;

namespace Meshara.Tests.Api;

/// <summary>The API with a certificate from a private authority, in files like those that cert-manager writes.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;

    public TlsTests()
    {
        var request = new CertificateRequest("CN=authority of this test", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(2));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string CertificateFile => Path.Combine(_folder.Path, "tls.crt");

    private string KeyFile => Path.Combine(_folder.Path, "tls.key");

    public void Dispose()
    {
        _authority.Dispose();
        _authorityKey.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_API_and_its_probes_speak_TLS_and_nothing_else_with_the_certificate_of_a_file()
    {
        Issue();
        await using var mesh = new MeshFixture();
        var node = await StartAsync(mesh);
        Assert.Equal("https", node.Http.Scheme);

        using var client = Client();
        foreach (var path in (string[])["health", "ready", "live", "api/node"])
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(node.Http, path), Cancel)).StatusCode);
        using var plain = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync(new UriBuilder(node.Http) { Scheme = "http" }.Uri, Cancel));
    }

    [Fact]
    public async Task A_renewed_certificate_is_used_without_a_restart()
    {
        var first = Issue();
        await using var mesh = new MeshFixture();
        var node = await StartAsync(mesh);
        Assert.Equal(first, await ShownAsync(node));

        // While a renewal is incomplete, the node must keep serving the old certificate.
        File.WriteAllText(KeyFile, "not a key");
        Assert.Equal(first, await ShownAsync(node));
        var second = Issue();
        await Eventually.TrueAsync(async () => await ShownAsync(node) == second, "the new certificate is shown");
    }

    [Theory]
    [InlineData("tls.crt", null)]
    [InlineData("tls.key", null)]
    [InlineData("tls.crt", "no certificate")]
    [InlineData("tls.key", "no key")]
    public async Task A_certificate_that_cannot_be_used_refuses_the_start(string file, string? content)
    {
        Issue();
        File.Delete(Path.Combine(_folder.Path, file));
        if (content is not null)
            await File.WriteAllTextAsync(Path.Combine(_folder.Path, file), content, Cancel);
        await using var mesh = new MeshFixture();
        var refusal = await Assert.ThrowsAsync<MesharaException>(() => StartAsync(mesh));
        Assert.Equal(ErrorCodes.Configuration, refusal.Code);
        var expected = $"The API's certificate '{CertificateFile}' with the key '{KeyFile}' cannot be used: ";
        Assert.StartsWith(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Api:CertificateFile")]
    [InlineData("Api:CertificateKeyFile")]
    public async Task A_certificate_without_key_or_a_key_without_certificate_is_refused(string key)
    {
        await using var mesh = new MeshFixture();
        var refusal = await Assert.ThrowsAsync<MesharaException>(() => mesh.StartAsync((key, CertificateFile)));
        Assert.Equal("Api:CertificateFile and Api:CertificateKeyFile belong together: set both, or neither.", refusal.Message);
    }

    [Fact]
    public async Task The_command_line_talks_to_it()
    {
        Issue();
        var authority = Path.Combine(_folder.Path, "ca.crt");
        await File.WriteAllTextAsync(authority, _authority.ExportCertificatePem(), Cancel);
        await using var mesh = new MeshFixture();
        var node = await StartAsync(mesh);
        var url = new UriBuilder(node.Http) { Host = "localhost" }.Uri.ToString();
        var (code, output) = await CliProcess.RunAsync(new() { ["MESHARA_NODE"] = url, ["SSL_CERT_FILE"] = authority }, "status");
        Assert.True(code == ExitCodes.Ok, output);
    }

    private static Task<MeshPeer> StartAsync(MeshFixture mesh, string certificate, string key) =>
        mesh.StartAsync(("Api:CertificateFile", certificate), ("Api:CertificateKeyFile", key));

    private Task<MeshPeer> StartAsync(MeshFixture mesh) => StartAsync(mesh, CertificateFile, KeyFile);

    /// <summary>Writes a new certificate for this machine, and its key.</summary>
    /// <returns>Its serial number.</returns>
    private string Issue()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var serial = RandomNumberGenerator.GetBytes(8);
        serial[0] = 1;
        using var certificate = request.Create(_authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), serial);
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem() + "\n" + _authority.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        return certificate.SerialNumber;
    }

    /// <summary>A client that trusts only the authority of this test.</summary>
    private HttpClient Client(Action<X509Certificate2>? see = null) => new(new SocketsHttpHandler
    {
        SslOptions =
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                using var chain = new X509Chain();
                chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
                chain.ChainPolicy.CustomTrustStore.Add(_authority);
                chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                var shown = (X509Certificate2)certificate!;
                see?.Invoke(shown);
                return chain.Build(shown);
            },
        },
    });

    private async ValueTask<string?> ShownAsync(MeshPeer node)
    {
        string? serial = null;
        using var client = Client(certificate => serial = certificate.SerialNumber);
        using var answer = await client.GetAsync(new Uri(node.Http, "live"), Cancel);
        return serial;
    }
}
