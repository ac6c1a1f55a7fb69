using System.Text.Json;
using Meshara.Lab.Drills.Alerts;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Alerts;

/// <summary>
/// Each alert is provoked by a real fault in a real mesh, and followed through Prometheus and Alertmanager to its receiver.
/// </summary>
[Collection(MeshCollection.Name)]
public sealed class AlertDrillTests(AlertDrillRun run) : IClassFixture<AlertDrillRun>
{
    public static TheoryData<string> AlertNames => AlertRuleTests.AlertNames;

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void An_alert_fires_because_of_its_fault_is_told_once_to_the_right_receiver_and_resolved(string alert)
    {
        Assert.SkipWhen(AlertDrillRun.Obstacle is not null, AlertDrillRun.Obstacle ?? "");
        var drill = run[alert];
        var skipped = drill.GetProperty("skipped").GetString();
        Assert.SkipWhen(skipped is not null, $"{alert} cannot be drilled here: {skipped}.");

        Assert.Equal([], Texts(drill, "failures"));
        var severity = AlertFiles.AlertRules.Single(rule => rule.Alert == alert).Labels["severity"];
        var receiver = severity switch { "critical" => Channel.Pager, "warning" => Channel.Mail, _ => Channel.Nobody };
        Assert.Equal(receiver.ToString(), drill.GetProperty("receiver").GetString());
        Assert.NotEmpty(Texts(drill, "labels"));
        Assert.All(Texts(drill, "labels"), labels => Assert.Equal([$"alertname={alert}", $"severity={severity}"], labels.Split(' ').Where(IsOfTheRule)));
        Assert.InRange(drill.GetProperty("notifications").GetInt32(), receiver == Channel.Nobody ? 0 : 2, receiver == Channel.Nobody ? 0 : int.MaxValue);
    }

    private static bool IsOfTheRule(string label) => label.StartsWith("alertname=", StringComparison.Ordinal) || label.StartsWith("severity=", StringComparison.Ordinal);

    private static IEnumerable<string> Texts(JsonElement drill, string name) => drill.GetProperty(name).EnumerateArray().Select(text => text.GetString()!);
}
