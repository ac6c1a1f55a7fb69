using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meshara.Harness;

namespace Meshara.Lab.Peers;

/// <summary>Where the brokers of a run live: a temporary folder, ports, and the certificate of their servers.</summary>
internal sealed class BrokerPlace : IDisposable
{
    /// <summary>The name in the certificate.</summary>
    public const string Host = "localhost";

    private const int PortCount = 5;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("meshara-lab-");
    private readonly PortLease _lease = Harness.Ports.Lease(PortCount, Random.Shared);
    private readonly X509Certificate2 _certificate;

    public BrokerPlace()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={Host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        request.CertificateExtensions.Add(names.Build());
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText(CertificateFile, _certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        Ports = [.. Stack.Create(PortCount, _lease.Ports).Nodes.Select(node => node.MeshPort)];
    }

    /// <summary>PEM file of the certificate.</summary>
    public string CertificateFile => Path.Combine(_folder.FullName, "server.crt");

    /// <summary>PEM file of its key.</summary>
    public string KeyFile => Path.Combine(_folder.FullName, "server.key");

    /// <summary>Free ports: one for each server, and more for RabbitMQ.</summary>
    public IReadOnlyList<int> Ports { get; }

    /// <summary>Creates a folder for a broker.</summary>
    public string Folder(string name) => _folder.CreateSubdirectory(name).FullName;

    /// <summary>True for the certificate of these servers, which no authority has signed.</summary>
    public bool IsTrusted(X509Certificate? certificate) =>
        certificate is not null && certificate.GetRawCertData().AsSpan().SequenceEqual(_certificate.RawData);

    /// <summary>The same as a callback of a TLS stream.</summary>
    public bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => IsTrusted(certificate);

    public void Dispose()
    {
        _lease.Dispose();
        _certificate.Dispose();
        _folder.Delete(recursive: true);
    }
}
