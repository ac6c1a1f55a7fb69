using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Exports the spans of one provider under the resource of another. An exporter sends the resource of its own provider, so
/// this one gets a provider that listens to nothing.
/// </summary>
internal sealed class RenamingProcessor : BaseProcessor<Activity>
{
    private readonly BatchActivityExportProcessor _inner;
    private readonly TracerProvider _provider;

    /// <param name="inner">Exports the spans; this processor takes ownership of it.</param>
    /// <param name="resource">The resource to export the spans under.</param>
    public RenamingProcessor(BatchActivityExportProcessor inner, ResourceBuilder resource)
    {
        _inner = inner;
        _provider = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddProcessor(inner).Build();
    }

    /// <inheritdoc/>
    public override void OnEnd(Activity data) => _inner.OnEnd(data);

    /// <inheritdoc/>
    protected override bool OnForceFlush(int timeoutMilliseconds) => _inner.ForceFlush(timeoutMilliseconds);

    /// <inheritdoc/>
    protected override bool OnShutdown(int timeoutMilliseconds) => _provider.Shutdown(timeoutMilliseconds);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _provider.Dispose();
        base.Dispose(disposing);
    }
}
