using Meshara.Harness;
using Meshara.Lab;
using Meshara.Lab.Drills.Alerts;

namespace Meshara.Tests.Alerts;

/// <summary>Rules, unit tests, drills and runbooks cover the same alerts.</summary>
public sealed class AlertCatalogueTests
{
    public static TheoryData<string> AlertNames => AlertRuleTests.AlertNames;

    [Fact]
    public void There_are_as_many_unit_tests_drills_and_runbooks_as_alerts()
    {
        string[] alerts = [.. AlertFiles.AlertRules.Select(rule => rule.Alert!).Order(StringComparer.Ordinal)];
        var tested = AlertFiles.RuleTests.SelectMany(test => test.AlertRuleTest).Where(expected => expected.ExpAlerts.Count > 0).Select(expected => expected.Alertname).Distinct();
        var runbooks = AlertFiles.RunbookPaths().Select(path => Path.GetFileNameWithoutExtension(path)!);

        Assert.NotEmpty(alerts);
        Assert.Equal(alerts, tested.Order(StringComparer.Ordinal));
        Assert.Equal(alerts, AlertCatalogue.Drills.Select(drill => drill.Alert).Order(StringComparer.Ordinal));
        Assert.Equal(alerts, runbooks.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(AlertNames))]
    public void A_runbook_says_what_the_drill_does(string alert)
    {
        var drill = AlertCatalogue.Drills.Single(drill => drill.Alert == alert);
        var section = File.ReadAllText(Path.Combine(AlertFiles.Runbooks, alert + ".md")).Split("## Drill\n")[1];
        Assert.Contains($"\nIt {drill.Fault}.\n", section, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_can_be_chosen() => Assert.Equivalent(
        new AlertOptions
        {
            Alerts = ["NodeDown", "Watchdog"], For = TimeSpan.FromMinutes(2), Within = TimeSpan.FromSeconds(20), Report = "r.json", Data = "d", StopWithInput = true,
        },
        Read("NodeDown", "Watchdog", "--for", "2m", "--within", "20s", "--report", "r.json", "--data", "d", "--stop-with-input"), strict: true);

    [Theory]
    [InlineData("There is no drill of an alert 'NodeUp': see drill alert --help.", "NodeUp")]
    [InlineData("'none' stands alone.", "NodeDown", "none")]
    [InlineData("--within must be at most 10m, but is '1h'.", "all", "--within", "1h")]
    public void What_cannot_be_used_is_named(string message, params string[] arguments)
    {
        var exception = Assert.Throws<StackException>(() => Read(arguments));
        Assert.Equal((ExitCodes.Usage, message), (exception.ExitCode, exception.Message));
    }

    private static AlertOptions? Read(params string[] arguments)
    {
        var commandLine = new LabCommandLine();
        return commandLine.Alerts.Find(commandLine.Command.Parse(["drill", "alert", .. arguments]));
    }
}
