
using Meshara.AppHost.Plan;

namespace Meshara.Tests.Containers;

/// <summary>
/// The environment's choices about container images. <c>MESHARA_REQUIRE=node,prometheus</c> names images whose tests may not be skipped,
/// <c>all</c> means every one; <c>MESHARA_IMAGES=grafana=latest,jaeger=2.21.0</c> selects other tags than the pinned ones.
/// </summary>
internal sealed class ImageChoice
{
    /// <summary>The node's own image, which is built here.</summary>
    public const string Node = "node";

    /// <summary>Not an image: the compose file, which needs the node's image and those of all its services.</summary>
    public const string Compose = "compose";

    private static readonly string[] Names = [Node, Compose, .. ContainerImage.All.Select(NameOf)];

    private readonly HashSet<string> _required;
    private readonly Dictionary<string, string> _tags;

    /// <param name="require">The value of <c>MESHARA_REQUIRE</c>.</param>
    /// <param name="tags">The value of <c>MESHARA_IMAGES</c>.</param>
    /// <exception cref="FormatException">A name is unknown.</exception>
    public ImageChoice(string? require, string? tags)
    {
        _required = [.. Items(require).SelectMany(name => name == "all" ? Names : [Known(name, "MESHARA_REQUIRE")])];
        _tags = Items(tags).Select(item => item.Split('=', 2)).ToDictionary(
            pair => Known(pair[0], "MESHARA_IMAGES"),
            pair => pair.Length == 2 && pair[1].Length > 0 ? pair[1] : throw new FormatException($"MESHARA_IMAGES: '{pair[0]}' needs a tag, as in {pair[0]}=latest."));
    }

    /// <summary>The choice of this process.</summary>
    public static ImageChoice FromEnvironment() => new(Environment.GetEnvironmentVariable("MESHARA_REQUIRE"), Environment.GetEnvironmentVariable("MESHARA_IMAGES"));

    /// <summary>The name of an image in both variables, such as <c>prometheus</c>.</summary>
    public static string NameOf(ContainerImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return image.Repository.Split('/')[^1];
    }

    /// <summary>True if a test must fail instead of being skipped when this is not available.</summary>
    public bool IsRequired(string name) => _required.Contains(name);

    /// <summary>The image to test with.</summary>
    public ContainerImage Chosen(ContainerImage image) => _tags.TryGetValue(NameOf(image), out var tag) ? image with { Tag = tag } : image;

    private static string[] Items(string? list) => (list ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Known(string name, string variable) =>
        Names.Contains(name) ? name : throw new FormatException($"{variable} names '{name}', but there are only {string.Join(", ", Names)}.");
}
