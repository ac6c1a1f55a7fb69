namespace Meshara.Tests.Alerts;

/// <summary>
/// A file for <c>promtool test rules</c>: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/.
/// </summary>
internal sealed class RuleTestFile
{
    public List<string> RuleFiles { get; init; } = [];

    public string EvaluationInterval { get; init; } = "";

    public List<string> GroupEvalOrder { get; init; } = [];

    public List<RuleTest> Tests { get; init; } = [];
}

internal sealed class RuleTest
{
    public string Name { get; init; } = "";

    public string Interval { get; init; } = "";

    public List<InputSeries> InputSeries { get; init; } = [];

    public List<AlertExpectation> AlertRuleTest { get; init; } = [];

    public List<QueryExpectation> PromqlExprTest { get; init; } = [];
}

internal sealed class InputSeries
{
    public string Series { get; init; } = "";

    public string Values { get; init; } = "";
}

/// <summary>The alerts of one name that fire at a time; none if <see cref="ExpAlerts"/> is empty.</summary>
internal sealed class AlertExpectation
{
    public string EvalTime { get; init; } = "";

    public string Alertname { get; init; } = "";

    public List<ExpectedAlert> ExpAlerts { get; init; } = [];
}

internal sealed class ExpectedAlert
{
    public Dictionary<string, string> ExpLabels { get; init; } = [];

    public Dictionary<string, string> ExpAnnotations { get; init; } = [];
}

internal sealed class QueryExpectation
{
    public string Expr { get; init; } = "";

    public string EvalTime { get; init; } = "";

    public List<ExpectedSample> ExpSamples { get; init; } = [];
}

internal sealed class ExpectedSample
{
    public string Labels { get; init; } = "";

    public double Value { get; init; }
}
