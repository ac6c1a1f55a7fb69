using Aspire.Hosting;

namespace Meshara.AppHost.Export;

/// <summary>The folder that an export goes to.</summary>
internal static class OutputFolder
{
    /// <summary>The configuration key of <c>--output-path</c>.</summary>
    public const string Key = "Pipeline:OutputPath";

    /// <summary>Its full path, by default Aspire's own default.</summary>
    public static string Of(IDistributedApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return Path.GetFullPath(builder.Configuration[Key] ?? Path.Combine(builder.AppHostDirectory, "aspire-output"));
    }
}
