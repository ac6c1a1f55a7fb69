using System.Text.Json;
using System.Xml.Linq;

namespace Meshara.Tests.Deploy;

/// <summary>The licences of everything that ships, from the packages themselves, against those that the project has agreed to.</summary>
public sealed class LicenceTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", ".."));

    private static readonly string Packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    [Fact]
    public void Every_package_that_ships_has_an_allowed_licence()
    {
        var allowed = File.ReadAllLines(Path.Combine(Root, "deploy", "release", "licences.txt"))
            .Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0).ToHashSet();
        var licences = Locked("Meshara.Node").Concat(Locked("Meshara.ServiceDefaults")).Distinct()
            .Select(package => (package.Id, package.Version, Licence: Licence(package.Id, package.Version))).ToList();
        Assert.NotEmpty(licences);
        Assert.Equal([], licences.Where(package => !allowed.Contains(package.Licence)));
        // Nothing is allowed without need.
        Assert.Equal([], allowed.Except(licences.Select(package => package.Licence)));
    }

    private static IEnumerable<(string Id, string Version)> Locked(string project)
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, project, "packages.lock.json")));
        return [.. file.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject())
            .Where(package => package.Value.GetProperty("type").GetString() != "Project")
            .Select(package => (package.Name, package.Value.GetProperty("resolved").GetString()!))];
    }

    /// <summary>The SPDX expression in the package's own description; any other way of naming a licence has to be looked at by a person.</summary>
    private static string Licence(string id, string version)
    {
        var (folder, name) = (id.ToLowerInvariant(), version.ToLowerInvariant());
        var metadata = XDocument.Load(Path.Combine(Packages, folder, name, $"{folder}.nuspec")).Root!.Elements().First();
        var licence = metadata.Elements().FirstOrDefault(element => element.Name.LocalName == "license");
        return licence?.Attribute("type")?.Value == "expression" ? licence.Value : "not an SPDX expression";
    }
}
