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

    /// <summary>Metrics, and every trace exported.</summary>
    All,
}
