using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Meshara.Tests.Alerts;
using Meshara.Tests.Stack.Local;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Deploy;

/// <summary>
/// How a tag becomes a release, as far as it can be tested without one: .github/workflows/release.yml and deploy/release.
/// </summary>
public sealed partial class ReleaseTests : IDisposable
{
    private const string Name = "registry.example.org/mesh/meshara-node";
    private static readonly string Digest = $"sha256:{new string('a', 64)}";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_action_of_a_workflow_is_pinned_by_its_commit()
    {
        var lines = Directory.GetFiles(InRepository(".github/workflows"), "*.yml").SelectMany(File.ReadAllLines)
            .Where(line => line.Contains("uses:", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Matches(@"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line));
    }

    [Fact]
    public void The_third_party_list_has_every_package_of_the_node_with_its_licence()
    {
        var assets = JsonNode.Parse(File.ReadAllText(InRepository("Meshara.Node/obj/project.assets.json")))!;
        var packages = assets["packageFolders"]!.AsObject().Select(folder => folder.Key).ToList();
        var libraries = assets["targets"]!.AsObject().First().Value!.AsObject();
        var shipped = libraries.Where(library => IsShipped(library.Value!)).Select(library => library.Key);
        var licences = shipped.Select(library => $"| `{library.Split('/')[0]}` | {LicenceOf(assets["libraries"]![library]!)} |");
        var listed = File.ReadAllLines(InRepository("THIRD-PARTY-NOTICES.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal));
        Assert.Equal(licences.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));

        static bool IsShipped(JsonNode library) => library["type"]!.GetValue<string>() == "package"
            && ((string[])["runtime", "native", "runtimeTargets"])
                .SelectMany(kind => library[kind]?.AsObject().Select(file => file.Key) ?? []).Any(file => !file.EndsWith("_._", StringComparison.Ordinal));

        string LicenceOf(JsonNode library)
        {
            var files = library["files"]!.AsArray().Select(file => file!.GetValue<string>());
            var specification = files.Single(file => file.EndsWith(".nuspec", StringComparison.Ordinal));
            var folder = library["path"]!.GetValue<string>();
            var path = packages.Select(root => Path.Combine(root, folder, specification)).First(File.Exists);
            return XDocument.Load(path).Descendants().Single(element => element.Name.LocalName == "license").Value;
        }
    }

    [Theory]
    [InlineData("Meshara.Node")]
    [InlineData("Meshara.ServiceDefaults")]
    [InlineData("Meshara.Watch")]
    public void Every_package_that_ships_is_locked_by_its_hash_wherever_it_comes_from(string project)
    {
        var text = File.ReadAllText(InRepository($"{project}/packages.lock.json"));
        Assert.DoesNotContain("://", text, StringComparison.Ordinal);
        var locked = JsonNode.Parse(text)!["dependencies"]!.AsObject().Single().Value!.AsObject()
            .Where(package => package.Value!["type"]!.GetValue<string>() != "Project")
            .Select(package => $"{package.Key}/{package.Value!["resolved"]} {package.Value["contentHash"]}");
        var restored = JsonNode.Parse(File.ReadAllText(InRepository($"{project}/obj/project.assets.json")))!["libraries"]!.AsObject()
            .Where(library => library.Value!["type"]!.GetValue<string>() == "package")
            .Select(library => $"{library.Key} {library.Value!["sha512"]}");
        Assert.Equal(restored.Order(StringComparer.OrdinalIgnoreCase), locked.Order(StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_changelog_has_notes_for_the_version_that_is_built_and_for_no_other()
    {
        var version = VersionElement().Match(await File.ReadAllTextAsync(InRepository("Directory.Build.props"), Cancel)).Groups[1].Value;
        var (notes, code) = await RunAsync("notes.sh", version);
        Assert.Equal(0, code);
        Assert.NotEmpty(notes.Trim());
        Assert.Equal(("CHANGELOG.md says nothing of 0.0.9.", 1), await RunAsync("notes.sh", "0.0.9"));
    }

    [Fact]
    public async Task A_release_deploys_the_image_by_its_digest()
    {
        var (output, code) = await RunAsync("deployments.sh", $"{Name}:1.2.3@{Digest}", _folder.Path);
        Assert.True(code == 0, output);
        var compose = await File.ReadAllTextAsync(_folder.File("deploy/compose/docker-compose.yaml"), Cancel);
        Assert.Contains($"image: \"${{MESHARA_NODE_IMAGE:-{Name}:1.2.3@{Digest}}}\"", compose, StringComparison.Ordinal);
        Assert.DoesNotMatch(@":-meshara-node:", compose);
        var example = await File.ReadAllTextAsync(_folder.File("deploy/compose/env.example"), Cancel);
        Assert.Contains($"#MESHARA_NODE_IMAGE={Name}:1.2.3@{Digest}\n", example, StringComparison.Ordinal);
        var values = YamlFile.Parse(await File.ReadAllTextAsync(_folder.File("deploy/helm/meshara/values.yaml"), Cancel)).Single()["image"]!;
        Assert.Equal((Name, Digest), (values["repository"]!.GetValue<string>(), values["digest"]!.GetValue<string>()));
        var production = await Manifests.BuildAsync(_folder.File("deploy/kubernetes/overlays/production"));
        var node = production.Pods.Values.SelectMany(Manifests.Containers).Single(container => container.Name == "node");
        Assert.Equal($"{Name}@{Digest}", node.Image);
    }

    [Fact]
    public async Task An_image_that_is_not_named_by_its_digest_is_not_released()
    {
        var (output, code) = await RunAsync("deployments.sh", $"{Name}:1.2.3", _folder.Path);
        Assert.Equal(($"'{Name}:1.2.3' is not an image with its tag and digest.", 2), (output, code));
    }

    public void Dispose() => _folder.Dispose();

    private static string InRepository(string path) => Path.Combine(AlertFiles.Root, path);

    private static async Task<(string Output, int Code)> RunAsync(string script, params string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such shell.");
        await using var program = new RunningProgram(HostProgram.Start("bash", [InRepository($"deploy/release/{script}"), .. arguments]));
        var code = await program.ExitAsync(Cancel);
        return (program.Output.Trim(), code);
    }

    [GeneratedRegex("<Version>([^<]+)</Version>")]
    private static partial Regex VersionElement();
}
