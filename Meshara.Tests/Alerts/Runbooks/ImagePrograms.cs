namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>Programs in the stack's images. Look a program up in the image before adding it here.</summary>
internal static class ImagePrograms
{
    // https://www.busybox.net/downloads/BusyBox.html; only what runbooks use.
    private static readonly string[] Busybox =
    [
        "cat", "cd", "date", "du", "echo", "env", "find", "head", "kill", "ls", "nc", "nslookup", "ps", "rm", "sh", "stat", "tail", "tar", "top",
        "touch", "wget",
    ];

    private static readonly Dictionary<string, string[]> ByImage = new(StringComparer.Ordinal)
    {
        // Chiselled: no shell and no tools, only .NET and the node.
        ["meshara-node"] = ["dotnet"],
        ["prometheus"] = ["promtool", .. Busybox],
        ["alertmanager"] = ["amtool", .. Busybox],
        ["grafana"] = ["grafana", "wget"],
        ["jaeger"] = ["wget"],
        ["elasticsearch"] = ["bash", "curl", "df"],
        ["elasticsearch-exporter"] = Busybox,
        ["kibana"] = ["bash", "curl"],
        ["filebeat"] = ["filebeat"],
        ["mailpit"] = ["/mailpit"],
        ["busybox"] = Busybox,
    };

    /// <summary>The programs of a command, and of the shell script in it, that an image lacks.</summary>
    /// <param name="image">Its reference, or the last part of it.</param>
    /// <param name="words">The command.</param>
    public static IEnumerable<string> Lacking(string image, string[] words)
    {
        if (words.Length == 0)
            return ["anything that is to be run"];
        var command = new ShellCommand(words);
        return command.Nested().Prepend(command).Select(one => one.Program).Where(program => !Has(image, program));
    }

    /// <summary>True if an image has a program. If a variable names the image, the reader is responsible.</summary>
    public static bool Has(string image, string program) => image.StartsWith("$T", StringComparison.Ordinal)
        || (ByImage.TryGetValue(Name(image), out var programs) && programs.Contains(program));

    // ${MESHARA_NODE_IMAGE:-meshara-node:0.1.0}, docker.io/library/busybox:1.37.0
    private static string Name(string image) => image.Replace("${MESHARA_NODE_IMAGE:-", "", StringComparison.Ordinal).Split('/')[^1].Split(':')[0];
}
