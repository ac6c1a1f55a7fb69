using System.Text;
using System.Text.Json.Nodes;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Logging;

/// <summary>Runs logging/setup.sh unchanged.</summary>
public sealed class SetupTests : IAsyncLifetime, IDisposable
{
    private static readonly string[] Objects =
    [
        "PUT /_ilm/policy/meshara-logs",
        "PUT /_ilm/policy/meshara-traces",
        "PUT /_component_template/meshara-logs-settings",
        "PUT /_component_template/meshara-logs-mappings",
        "PUT /_index_template/meshara-logs",
    ];

    private const string Import = "POST /api/saved_objects/_import?overwrite=true";

    private readonly TemporaryFolder _folder = new();
    private ElasticDouble _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await ElasticDouble.StartAsync();
        foreach (var name in (string[])["elasticsearch", "kibana"])
            Directory.CreateDirectory(Path.Combine(_folder.Path, name));
        foreach (var file in (string[])["setup.sh", .. Files("elasticsearch"), .. Files("kibana")])
            File.Copy(Path.Combine(Logging, file), Path.Combine(_folder.Path, file));
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    private static string Logging => Path.Combine(AlertFiles.Root, "logging");

    [Fact]
    public async Task It_loads_every_file_once_and_begins_the_data_stream()
    {
        await SucceedsAsync();

        Assert.Equal([.. Objects, "PUT /_data_stream/logs-meshara-default", Import], _server.Changes);
        Assert.Equal(Text("elasticsearch/lifecycle.json"), _server.Kept("/_ilm/policy/meshara-logs"));
        Assert.Equal(Text("elasticsearch/traces-lifecycle.json"), _server.Kept("/_ilm/policy/meshara-traces"));
        Assert.Equal(Text("elasticsearch/settings.json"), _server.Kept("/_component_template/meshara-logs-settings"));
        Assert.Equal(Text("elasticsearch/mappings.json"), _server.Kept("/_component_template/meshara-logs-mappings"));
        Assert.Equal(Text("elasticsearch/template.json"), _server.Kept("/_index_template/meshara-logs"));
        Assert.Contains(Text("kibana/logs.ndjson"), _server.Requests.Last().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_can_be_run_again()
    {
        await SucceedsAsync();
        _server.Forget();
        await SucceedsAsync();

        Assert.Equal([.. Objects, Import], _server.Changes);
    }

    [Theory]
    [InlineData("mappings.json", "\"seconds\"", "\"duration\"")]
    [InlineData("settings.json", "\"log.file.path\"", "\"event\"")]
    public async Task What_changed_takes_effect_with_the_next_line(string file, string before, string after)
    {
        await SucceedsAsync();
        _server.Forget();
        var text = Text($"elasticsearch/{file}");
        Assert.Contains(before, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "elasticsearch", file), text.Replace(before, after, StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        await SucceedsAsync();

        Assert.Equal([.. Objects, "POST /logs-meshara-default/_rollover?lazy=true", Import], _server.Changes);
    }

    [Fact]
    public async Task Passwords_are_used_and_given_whatever_they_are_made_of()
    {
        await SucceedsAsync("ELASTICSEARCH_PASSWORD=a\"b\\c:d", "KIBANA_PASSWORD=e\"f\\g");

        var expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("elastic:a\"b\\c:d"));
        Assert.All(_server.Requests, request => Assert.Equal(expected, request.Authorization));
        Assert.Equal("""{"password":"e\"f\\g"}""", _server.Requests.Single(request => request.Path == "/_security/user/kibana_system/_password").Body.Trim());
    }

    [Fact]
    public async Task Each_program_that_has_a_password_gets_a_user_with_its_own_role_and_nothing_more()
    {
        await SucceedsAsync("FILEBEAT_PASSWORD=a\"b", "JAEGER_PASSWORD=c", "EXPORTER_PASSWORD=c", "GRAFANA_PASSWORD=");

        foreach (var name in (string[])["filebeat", "jaeger", "exporter"])
        {
            Assert.Equal(Text($"elasticsearch/role-{name}.json"), _server.Kept($"/_security/role/meshara-{name}"));
            var user = JsonNode.Parse(_server.Kept($"/_security/user/meshara-{name}"))!;
            Assert.Equal(name == "filebeat" ? "a\"b" : "c", user["password"]!.GetValue<string>());
            Assert.Equal($"meshara-{name}", Assert.Single(user["roles"]!.AsArray())!.GetValue<string>());
        }
        Assert.DoesNotContain(_server.Changes, change => change.Contains("grafana", StringComparison.Ordinal));
    }

    [Fact]
    public void No_role_reaches_beyond_what_its_program_reads_or_writes()
    {
        var roles = Directory.GetFiles(Path.Combine(Logging, "elasticsearch"), "role-*.json")
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file)[5..], file => JsonNode.Parse(File.ReadAllText(file))!);
        Assert.Equal(["exporter", "filebeat", "grafana", "jaeger"], roles.Keys.Order(StringComparer.Ordinal));
        Assert.All(roles, role =>
        {
            Assert.Equal(["monitor"], Strings(role.Value["cluster"]));
            var indices = role.Value["indices"]!.AsArray();
            var own = role.Key == "jaeger" ? "jaeger-" : "logs-meshara-";
            Assert.All(indices.SelectMany(one => Strings(one!["names"])), name => Assert.StartsWith(own, name, StringComparison.Ordinal));
            var rights = indices.SelectMany(one => Strings(one!["privileges"]));
            Assert.DoesNotContain(rights, right => right is "all" or "manage" or "write" or "delete" or "delete_index");
        });
        // Creating a missing index under an alias's name would break the lifecycle, so only the indices behind it may be auto-configured.
        Assert.DoesNotContain(roles["jaeger"]["indices"]!.AsArray(), one =>
            Strings(one!["names"]).Contains("jaeger-*") && Strings(one["privileges"]).Contains("auto_configure"));

        static IEnumerable<string> Strings(JsonNode? list) => list!.AsArray().Select(one => one!.GetValue<string>());
    }

    [Fact]
    public async Task Without_Kibana_it_says_what_it_leaves_out()
    {
        var run = await RunAsync($"ELASTICSEARCH_URL={_server.Url}");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("KIBANA_URL is not set", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Import, _server.Changes);
    }

    [Fact]
    public async Task A_refusal_ends_it_in_Elasticsearchs_words()
    {
        _server.Refused = "/_index_template/meshara-logs";
        var run = await RunAsync($"ELASTICSEARCH_URL={_server.Url}");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("""Elasticsearch refuses elasticsearch/template.json: {"error":"no"}""", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_import_in_part_is_a_failure()
    {
        _server.ImportAnswer = """{"successCount":9,"success":false,"errors":[{"id":"meshara-errors"}]}""";
        var run = await RunAsync($"ELASTICSEARCH_URL={_server.Url}", $"KIBANA_URL={_server.Url}");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("meshara-errors", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_come_is_named()
    {
        var run = await RunAsync("ELASTICSEARCH_URL=http://127.0.0.1:1", "SETUP_TIMEOUT=1");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("Elasticsearch is not ready after 1 s: http://127.0.0.1:1/", run.Output, StringComparison.Ordinal);
    }

    private async Task SucceedsAsync(params string[] settings)
    {
        var run = await RunAsync([$"ELASTICSEARCH_URL={_server.Url}", $"KIBANA_URL={_server.Url}", .. settings]);
        Assert.True(run.ExitCode == 0, run.Output);
    }

    private async Task<ExternalTool> RunAsync(params string[] settings)
    {
        await ExternalTool.RunOrSkipAsync("curl", "curl", "--version");
        await ExternalTool.RunOrSkipAsync("bash", "bash", "--version");
        return await ExternalTool.RunOrSkipAsync("env", "coreutils", [.. settings, "bash", Path.Combine(_folder.Path, "setup.sh")]);
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.GetFiles(Path.Combine(Logging, folder)).Select(path => Path.Combine(folder, Path.GetFileName(path)));

    private static string Text(string file) => File.ReadAllText(Path.Combine(Logging, file));
}
