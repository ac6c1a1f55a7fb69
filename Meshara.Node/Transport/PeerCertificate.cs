using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meshara.Node.Identity;

namespace Meshara.Node.Transport;

/// <summary>
/// Binds a TLS key to an identity, the way libp2p's TLS handshake does (specs/tls/tls.md): a self-signed P-256
/// certificate with an extension in which the identity key signed the certificate's public key. TLS proves that
/// the peer holds the certificate's key; the extension proves that the identity vouches for that key.
/// </summary>
internal static class PeerCertificate
{
    // An OID under 2.25 (ITU-T X.667), made from a UUID, so it needs no registration.
    internal const string ExtensionOid = "2.25.211867394561205771498306226127348410437";

    private static ReadOnlySpan<byte> Domain => "meshara/1 tls key\0"u8;

    /// <summary>A new certificate for this process; its key never touches the disk.</summary>
    public static X509Certificate2 Create(NodeIdentity identity, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=meshara", key, HashAlgorithmName.SHA256);
        var signature = new byte[64];
        identity.Sign(Statement(request.PublicKey), signature);

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteOctetString(identity.Address.ToBytes());
            writer.WriteOctetString(signature);
        }
        request.CertificateExtensions.Add(new X509Extension(ExtensionOid, writer.Encode(), critical: true));
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        if (!OperatingSystem.IsWindows())
            return certificate;
        // Windows' TLS does not accept ephemeral keys; a round trip through PKCS#12 makes the key acceptable.
        using (certificate)
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }

    /// <summary>The identity that vouches for the certificate; false if there is none or its signature is wrong.</summary>
    public static bool TryGetIdentity(X509Certificate? certificate, out NodeAddress identity)
    {
        identity = default;
        if (certificate is not X509Certificate2 x509 || x509.Extensions[ExtensionOid] is not { } extension)
            return false;
        try
        {
            var reader = new AsnReader(extension.RawData, AsnEncodingRules.DER);
            var sequence = reader.ReadSequence();
            var key = sequence.ReadOctetString();
            var signature = sequence.ReadOctetString();
            sequence.ThrowIfNotEmpty();
            reader.ThrowIfNotEmpty();
            if (key.Length != NodeAddress.Size)
                return false;
            var address = new NodeAddress(key);
            if (!NodeIdentity.Verify(address, Statement(x509.PublicKey), signature))
                return false;
            identity = address;
            return true;
        }
        catch (AsnContentException)
        {
            return false; // a peer may send anything; without an identity there is no connection
        }
    }

    private static byte[] Statement(PublicKey key) => [.. Domain, .. key.ExportSubjectPublicKeyInfo()];
}
