using System.Collections;
using System.Globalization;
using Meshara.Harness;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost;

/// <summary>
/// Sets what a launch profile would set for Aspire, so that the host also works without one. Environment variables win.
/// </summary>
internal static class AspireSettings
{
    /// <summary>The defaults, as arguments for the application's builder.</summary>
    public static IEnumerable<string> Defaults(StackPorts ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        (string Name, string Value)[] defaults =
        [
            ("ASPNETCORE_URLS", Url(ports.Dashboard)),
            ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", Url(ports.DashboardOtlp)),
            // The dashboard connects to the host here. Any port will do, but without TLS: there may be no certificate.
            ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://127.0.0.1:0"),
            ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"),
            // The host must not exit before everything it started has stopped.
            ("DcpPublisher:WaitForResourceCleanup", "true"),
            // The check would start a dotnet process to query the package source.
            ("ASPIRE_VERSION_CHECK_DISABLED", "true"),
        ];
        foreach (var (name, value) in defaults.Where(setting => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(setting.Name))))
            yield return $"--{name}={value}";
        // Aspire persists generated passwords only in Development.
        if (Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") is null
            && Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") is null)
            yield return $"--environment={Environments.Development}";
    }

    /// <summary>
    /// Parameters set in the environment. A shell cannot export a name with a hyphen, and Aspire accepts an underscore in its place only
    /// if it has no persisted value, so underscores become hyphens here.
    /// </summary>
    public static IEnumerable<string> Parameters()
    {
        const string Prefix = "Parameters__";
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable.Key is string name && name.StartsWith(Prefix, StringComparison.Ordinal))
                yield return $"--Parameters:{name[Prefix.Length..].Replace('_', '-')}={variable.Value}";
        }
    }

    private static string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}");
}
