using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Meshara.Node.Transport;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// A peer's certificate. After a first byte of 0 the input is a whole certificate; after any other it is the extension that proves the
/// identity, in a certificate that is otherwise right.
/// </summary>
internal sealed class CertificateTarget : FuzzTarget
{
    private readonly byte[] _certificate, _extension;

    public CertificateTarget()
    {
        using var created = PeerCertificate.Create(FuzzKeys.Peer, FuzzKeys.Now);
        (_certificate, _extension) = (created.RawData, created.Extensions[PeerCertificate.ExtensionOid]!.RawData);
    }

    public override IEnumerable<byte[]> Seeds()
    {
        yield return [0, .. _certificate];
        yield return [1, .. _extension];
        yield return [1, 0x30, 0];
    }

    public override void Run(byte[] input)
    {
        if (input.Length == 0)
            return;
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadCertificate(input[0] == 0 ? input[1..] : With(input[1..]));
        }
        catch (CryptographicException)
        {
            return; // TLS would not have passed it on
        }
        using (certificate)
            PeerCertificate.TryGetIdentity(certificate, out _);
    }

    /// <summary>The certificate with another extension (RFC 5280 section 4.1); nobody looks at its own signature.</summary>
    private byte[] With(byte[] extension)
    {
        var whole = new AsnReader(_certificate, AsnEncodingRules.DER).ReadSequence();
        var fields = whole.ReadSequence();
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                var extensions = new Asn1Tag(TagClass.ContextSpecific, 3, isConstructed: true);
                while (fields.HasData && fields.PeekTag() != extensions)
                    writer.WriteEncodedValue(fields.ReadEncodedValue().Span);
                using (writer.PushSequence(extensions))
                using (writer.PushSequence())
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(PeerCertificate.ExtensionOid);
                    writer.WriteBoolean(true);
                    writer.WriteOctetString(extension);
                }
            }
            while (whole.HasData)
                writer.WriteEncodedValue(whole.ReadEncodedValue().Span);
        }
        return writer.Encode();
    }
}
