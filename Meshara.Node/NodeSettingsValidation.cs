using System.Text.RegularExpressions;
using Meshara.Node.Api;
using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;

namespace Meshara.Node;

/// <summary>Validates the annotations of the settings, and the rules that span several of them.</summary>
internal static partial class NodeSettingsValidation
{
    /// <exception cref="MesharaException"><see cref="ErrorCodes.Configuration"/>, listing every failure in one line.</exception>
    public static void Validate(NodeSettings settings)
    {
        List<string> failures =
        [
            .. Failures(new NodeOptionsValidator().Validate(null, settings.Node)),
            .. Failures(new MeshOptionsValidator().Validate(null, settings.Mesh)),
            .. Failures(new ApiOptionsValidator().Validate(null, settings.Api)),
            .. Failures(new MetricsOptionsValidator().Validate(null, settings.Metrics)),
            .. Failures(new DeliveryOptionsValidator().Validate(null, settings.Delivery)),
            .. Failures(new TransportOptionsValidator().Validate(null, settings.Transport)),
            .. Failures(new RoutingOptionsValidator().Validate(null, settings.Routing)),
            .. Failures(new GossipOptionsValidator().Validate(null, settings.Gossip)),
            .. Failures(new SealingOptionsValidator().Validate(null, settings.Sealing)),
            .. Failures(new StorageOptionsValidator().Validate(null, settings.Storage)),
            .. MeshFailures(settings.Mesh),
            .. ApiFailures(settings.Api),
            .. ConsoleFailures(settings.Console),
            .. DeliveryFailures(settings.Delivery),
            .. TransportFailures(settings.Transport),
        ];
        if (failures.Count > 0)
            throw new MesharaException(ErrorCodes.Configuration, string.Join(' ', failures));
    }

    private static IEnumerable<string> MeshFailures(MeshOptions mesh)
    {
        if (!string.IsNullOrEmpty(mesh.Listen) && !(HostPort.TryParse(mesh.Listen, out var listen) && HostPort.IsBindable(listen.Host)))
            yield return $"Mesh:Listen '{Shown(mesh.Listen)}' must be HOST:PORT with an IP address or localhost, for example 0.0.0.0:8443.";

        if (mesh.Advertise is not [MeshOptions.AdvertiseNone])
        {
            foreach (var endpoint in mesh.Advertise)
            {
                if (endpoint == MeshOptions.AdvertiseNone)
                    yield return "Mesh:Advertise must be 'none' alone or a list of HOST:PORT.";
                else if (!HostPort.TryParse(endpoint, out var parsed) || parsed.Port == 0)
                    yield return $"Mesh:Advertise '{Shown(endpoint)}' must be HOST:PORT, for example node-1.example.org:8443.";
            }
        }

        foreach (var uri in mesh.Bootstrap.Where(uri => !IsBootstrap(uri)))
            yield return $"Mesh:Bootstrap '{Shown(uri)}' must be meshara://NAME, meshara://HOST:PORT or tcp://HOST:PORT.";
    }

    private static IEnumerable<string> ConsoleFailures(ConsoleOptions console)
    {
        foreach (var url in console.Nodes.Where(url => !IsHttp(url)))
            yield return $"Console:Nodes '{Shown(url)}' must be the URL of a node's API, for example http://node-2:8080.";
        foreach (var (name, url) in console.Servers.Where(server => !string.IsNullOrEmpty(server.Url) && !IsHttp(server.Url)))
            yield return $"Console:{name} '{Shown(url!)}' must be a URL, for example http://127.0.0.1:9090.";
    }

    private static bool IsHttp(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" };

    private static bool IsBootstrap(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && uri.Host.Length > 0
        && uri is { UserInfo: "", AbsolutePath: "/" or "", Query: "", Fragment: "", Port: not 0 }
        && (uri.Scheme == "meshara" || (uri.Scheme == "tcp" && uri.Port > 0));

    private static IEnumerable<string> ApiFailures(ApiOptions api)
    {
        if (string.IsNullOrEmpty(api.Host))
            yield break;
        if (!HostPort.IsBindable(api.Host))
            yield return $"Api:Host '{Shown(api.Host)}' must be an IP address or localhost.";
        else if (string.IsNullOrEmpty(api.Token) && !HostPort.IsLoopback(api.Host))
            yield return $"Api:Host {api.Host} can be reached from other machines, so Api:Token must be set "
                + "(environment variable Api__Token, or Api__TokenFile with a file that holds it); or listen on 127.0.0.1.";
        // RFC 6750 section 2.1: a token with other characters could not be sent in the header.
        if (api.Token is { } token && token.Any(c => c is <= ' ' or > '~'))
            yield return "Api:Token must be visible ASCII characters without spaces.";
        if (string.IsNullOrEmpty(api.CertificateFile) != string.IsNullOrEmpty(api.CertificateKeyFile))
            yield return "Api:CertificateFile and Api:CertificateKeyFile belong together: set both, or neither.";
    }

    private static IEnumerable<string> TransportFailures(TransportOptions transport)
    {
        foreach (var address in transport.AdmittedPeers.Where(address => !NodeAddress.TryParse(address, out _)))
        {
            yield return $"Transport:AdmittedPeers '{Shown(address)}' is not the address of a node: 52 characters, "
                + "as `meshara keygen` prints them.";
        }
    }

    private static IEnumerable<string> DeliveryFailures(DeliveryOptions delivery)
    {
        if (delivery.TimeToLive < TimeSpan.FromSeconds(1) || delivery.TimeToLive > delivery.MaxTimeToLive)
            yield return "Delivery:TimeToLive must be at least one second and at most Delivery:MaxTimeToLive.";
        if (delivery.RetryBase <= TimeSpan.Zero || delivery.RetryBase > delivery.RetryCap)
            yield return "Delivery:RetryBase must be positive and at most Delivery:RetryCap.";
        if (delivery.DrainTimeout < TimeSpan.Zero)
            yield return "Delivery:DrainTimeout must not be negative.";
    }

    /// <summary>
    /// Rewrites the failures of the generated validators, such as "Port: The field ApiOptions.Port must be between 0 and
    /// 65535." (for ranges, they ignore a custom message), to name the configuration key that operators know, here Api:Port.
    /// </summary>
    private static IEnumerable<string> Failures(ValidateOptionsResult result) => (result.Failures ?? [])
        .Select(failure => GeneratedName().Replace(failure[(failure.IndexOf(": ", StringComparison.Ordinal) + 2)..], "$1:$2"));

    [GeneratedRegex(@"^The field (\w+)Options\.(\w+)")]
    private static partial Regex GeneratedName();

    private static string Shown(string text) => Printable.Bounded(text, 80);
}

[OptionsValidator]
internal sealed partial class NodeOptionsValidator : IValidateOptions<NodeOptions>;

[OptionsValidator]
internal sealed partial class MeshOptionsValidator : IValidateOptions<MeshOptions>;

[OptionsValidator]
internal sealed partial class ApiOptionsValidator : IValidateOptions<ApiOptions>;

[OptionsValidator]
internal sealed partial class MetricsOptionsValidator : IValidateOptions<MetricsOptions>;

[OptionsValidator]
internal sealed partial class DeliveryOptionsValidator : IValidateOptions<DeliveryOptions>;

[OptionsValidator]
internal sealed partial class TransportOptionsValidator : IValidateOptions<TransportOptions>;

[OptionsValidator]
internal sealed partial class RoutingOptionsValidator : IValidateOptions<RoutingOptions>;

[OptionsValidator]
internal sealed partial class GossipOptionsValidator : IValidateOptions<GossipOptions>;

[OptionsValidator]
internal sealed partial class SealingOptionsValidator : IValidateOptions<SealingOptions>;

[OptionsValidator]
internal sealed partial class StorageOptionsValidator : IValidateOptions<StorageOptions>;
