using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Servers;

/// <summary>
/// Configuration of a container as items with their content: copied into the container when it runs, written into the compose
/// file when that is exported. A path on this machine would become a bind mount, which no other machine has.
/// </summary>
internal static class ConfigurationFiles
{
    /// <summary>Puts files of the repository into a folder of the container.</summary>
    /// <param name="resource">The container.</param>
    /// <param name="destination">The folder in the container.</param>
    /// <param name="source">A folder of the repository, taken with everything below it, or a file.</param>
    /// <param name="name">What a single file is called in the container; null for its own name.</param>
    public static IResourceBuilder<T> WithRepositoryFiles<T>(
        this IResourceBuilder<T> resource, string destination, string source, string? name = null)
        where T : ContainerResource
    {
        ArgumentNullException.ThrowIfNull(resource);
        var path = resource.ApplicationBuilder.Plan().File(source);
        if (File.Exists(path))
            return resource.WithFile(destination, name ?? Path.GetFileName(path), File.ReadAllText(path));
        if (!Directory.Exists(path))
        {
            throw new StackException(
                $"{source} is not there, and {resource.Resource.Name} needs it. Leave it out with --without {resource.Resource.Name}.");
        }

        foreach (var folder in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .GroupBy(file => Path.GetDirectoryName(file)!).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var below = Path.GetRelativePath(path, folder.Key).Replace('\\', '/');
            resource.WithContainerFiles(below == "." ? destination : $"{destination}/{below}",
                [.. folder.Order(StringComparer.Ordinal).Select(file => Item(Path.GetFileName(file), File.ReadAllText(file)))]);
        }

        return resource;
    }

    /// <summary>Puts a file into a folder of the container.</summary>
    public static IResourceBuilder<T> WithFile<T>(this IResourceBuilder<T> resource, string destination, string name, string content)
        where T : ContainerResource => resource.WithContainerFiles(destination, [Item(name, content)]);

    /// <summary>A file that everybody in the container may read.</summary>
    public static ContainerFileSystemItem Item(string name, string content) =>
        new ContainerFile { Name = name, Contents = content.ReplaceLineEndings("\n"), Mode = ReadableByAll };

    private const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
}
