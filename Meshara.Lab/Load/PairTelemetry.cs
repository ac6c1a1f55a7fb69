namespace Meshara.Lab.Load;

/// <summary>Telemetry during the measurement of a pair.</summary>
internal enum PairTelemetry
{
    /// <summary>None: the OpenTelemetry SDK is off.</summary>
    Off,

    /// <summary>Metrics, scraped from time to time.</summary>
    Metrics,

    /// <summary>Metrics, and one trace in a hundred exported.</summary>
    Sampled,

    /// <summary>The same, and every other trace held until it is known to be neither failed nor slow.</summary>
    Kept,

    /// <summary>Metrics, and every trace exported.</summary>
    All,
}
