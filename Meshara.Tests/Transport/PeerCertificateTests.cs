using Meshara.Node.Identity;
using Meshara.Node.Transport;

namespace Meshara.Tests.Transport;

public sealed class PeerCertificateTests
{
    [Fact]
    public void A_certificate_names_the_identity_that_vouches_for_it()
    {
        using var identity = NodeIdentity.Generate();
        using var certificate = PeerCertificate.Create(identity, DateTimeOffset.UtcNow);
        Assert.True(PeerCertificate.TryGetIdentity(certificate, out var address));
        Assert.Equal(identity.Address, address);
        Assert.True(certificate.HasPrivateKey);
    }

    [Fact]
    public void No_certificate_is_no_identity() => Assert.False(PeerCertificate.TryGetIdentity(null, out _));
}
