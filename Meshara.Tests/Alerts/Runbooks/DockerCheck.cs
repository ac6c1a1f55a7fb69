namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>Checks that docker commands refer to things that deploy/compose/ creates.</summary>
internal static class DockerCheck
{
    private static readonly HashSet<string> WithValue =
        ["-f", "-v", "-u", "--network", "--pid", "--volumes-from", "--user", "--filter"];

    private static readonly HashSet<string> OfServices = ["up", "stop", "start", "restart", "logs", "ps", "kill", "pull"];

    private static Deployment Deployed => Deployment.Current;

    /// <summary>The faults of a command; empty if there are none.</summary>
    public static IEnumerable<string> Faults(ShellCommand command)
    {
        var words = command.Words.Skip(2).ToArray();
        var faults = command.Words.Count < 2 ? ["docker needs a verb"] : command.Words[1] switch
        {
            "compose" => OfCompose(words),
            "run" => OfRun(Arguments.Parse(words, WithValue, 1)),
            "ps" => Arguments.Parse(words, WithValue)["--filter"]?.Split('=') is ["volume", var volume] ? OfVolume(volume) : [],
            "inspect" or "stats" => Arguments.Parse(words, WithValue).Positional.SelectMany(OfContainer),
            "system" => [],
            var verb => [$"this test does not know docker {verb}"],
        };
        return faults.Select(fault => $"{command}: {fault}");
    }

    private static IEnumerable<string> OfCompose(string[] words)
    {
        var arguments = Arguments.Parse(words, WithValue, words.Contains("exec") ? 2 : null);
        return arguments.Positional switch
        {
            ["exec", var service] when !Deployed.Services.ContainsKey(service) => [$"there is no service {service}"],
            ["exec", var service] =>
                ImagePrograms.Lacking(Deployed.Services[service], arguments.Command).Select(program => $"{service} has no {program}"),
            [var verb, .. var named] when OfServices.Contains(verb) =>
                named.Where(name => !Deployed.Services.ContainsKey(name)).Select(name => $"there is no service {name}"),
            _ => ["this test does not know this form of docker compose"],
        };
    }

    private static IEnumerable<string> OfRun(Arguments arguments)
    {
        var image = arguments.Positional is [var one] ? one : "";
        var containers = ((string[])["--network", "--pid", "--volumes-from"]).Select(option => arguments[option]).OfType<string>();
        return
        [
            .. containers.SelectMany(value => OfContainer(value.Replace("container:", "", StringComparison.Ordinal))),
            .. arguments["-v"]?.Split(':')[0] is { } volume ? OfVolume(volume) : [],
            .. image.StartsWith('$') || Deployed.ToolImages.Contains(image) ? [] : (string[])[$"{image} is not the pinned image"],
            .. ImagePrograms.Lacking(image, arguments.Command).Select(program => $"{image} has no {program}"),
        ];
    }

    private static IEnumerable<string> OfVolume(string name) => Deployed.Volumes.Contains(name) ? [] : [$"there is no volume {name}"];

    // Compose numbers the containers of a service; each service has one.
    private static IEnumerable<string> OfContainer(string name) =>
        Deployed.Services.Keys.Any(service => name == $"{Deployed.Project}-{service}-1") ? [] : [$"there is no container {name}"];
}
