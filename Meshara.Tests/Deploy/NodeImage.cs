using System.Xml.Linq;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Deploy;

/// <summary>The node's image, as <c>dotnet publish -t:PublishContainer</c> names it.</summary>
internal static class NodeImage
{
    /// <summary>Its name and tag, without a registry.</summary>
    public static string Reference => $"{Property("Meshara.Node/Meshara.Node.csproj", "ContainerRepository")}:{Property("Directory.Build.props", "Version")}";

    private static string Property(string file, string name) =>
        XDocument.Load(Path.Combine(AlertFiles.Root, file)).Descendants(name).First().Value;
}
