using System.Collections;
using System.Globalization;
using Meshara.Harness;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost;

/// <summary>
/// Settings of Aspire that a launch profile would hold, so that the host can be started in any way. The environment wins.
/// </summary>
internal static class AspireSettings
{
    /// <summary>As arguments of the application.</summary>
    public static IEnumerable<string> Defaults(StackPorts ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        (string Name, string Value)[] defaults =
        [
            ("ASPNETCORE_URLS", Url(ports.Dashboard)),
            ("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", Url(ports.DashboardOtlp)),
            // Where the dashboard asks the host; any port will do, but not TLS, for which there may be no certificate.
            ("ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", "http://127.0.0.1:0"),
            ("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true"),
            // What was started is gone when the host is.
            ("DcpPublisher:WaitForResourceCleanup", "true"),
            // It would ask the package source, through a dotnet of its own.
            ("ASPIRE_VERSION_CHECK_DISABLED", "true"),
        ];
        foreach (var (name, value) in defaults.Where(setting => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(setting.Name))))
            yield return $"--{name}={value}";
        // Only in Development does Aspire keep the passwords it makes up.
        if (Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") is null
            && Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") is null)
            yield return $"--environment={Environments.Development}";
    }

    /// <summary>
    /// Parameters of the environment. A shell cannot export a variable with a hyphen, and Aspire takes an underscore for it only
    /// where it has kept no value itself.
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
