namespace Meshara.Lab.Load;

/// <summary>What is observed while a pair is measured.</summary>
internal enum PairTelemetry
{
    /// <summary>Nothing: the OpenTelemetry SDK is off.</summary>
    Off,

    /// <summary>Metrics, read now and then.</summary>
    Metrics,

    /// <summary>Metrics, and one trace in a hundred exported.</summary>
    Sampled,

    /// <summary>The same, and every other trace held until it is known to be neither failed nor slow.</summary>
    Kept,

    /// <summary>Metrics, and every trace exported.</summary>
    All,
}
