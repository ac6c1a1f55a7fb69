using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Servers;

/// <summary>
/// Passes configuration to containers by content: the files are copied into a running container, or written into the exported compose
/// file. A path would become a bind mount, which exists on no other machine.
/// </summary>
internal static class ConfigurationFiles
{
    /// <summary>Copies files of the repository into a folder of the container.</summary>
    /// <param name="resource">The container.</param>
    /// <param name="destination">The folder in the container.</param>
    /// <param name="source">A file of the repository, or a folder, which is copied recursively.</param>
    /// <param name="name">The name of a single file in the container; null for its own name.</param>
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
                $"{source} is missing, and {resource.Resource.Name} needs it. Leave it out with --without {resource.Resource.Name}.");
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

    /// <summary>Writes a file into a folder of the container.</summary>
    public static IResourceBuilder<T> WithFile<T>(this IResourceBuilder<T> resource, string destination, string name, string content)
        where T : ContainerResource => resource.WithContainerFiles(destination, [Item(name, content)]);

    /// <summary>Creates a file that every user in the container may read.</summary>
    public static ContainerFileSystemItem Item(string name, string content) =>
        new ContainerFile { Name = name, Contents = content.ReplaceLineEndings("\n"), Mode = ReadableByAll };

    private const UnixFileMode ReadableByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
}
