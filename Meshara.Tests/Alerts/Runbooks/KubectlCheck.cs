namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>Checks that kubectl commands refer to things that deploy/kubernetes/ creates.</summary>
internal static class KubectlCheck
{
    private static readonly HashSet<string> WithValue = ["-n", "-l", "-c", "-o", "-f", "-k"];

    private static readonly HashSet<string> Verbs =
    [
        "get", "describe", "logs", "exec", "debug", "port-forward", "rollout", "scale", "delete", "apply", "top", "set", "wait", "events", "create",
    ];

    /// <summary>Verbs that act on a pod if no kind is given.</summary>
    private static readonly HashSet<string> OfPods = ["logs", "exec", "debug", "port-forward"];

    private static Deployment Deployed => Deployment.Current;

    /// <summary>The faults of a command; empty if there are none.</summary>
    public static IEnumerable<string> Faults(ShellCommand command)
    {
        var arguments = Arguments.Parse(command.Words.Skip(1), WithValue);
        IEnumerable<string> faults = arguments switch
        {
            { Positional: [] } => ["kubectl needs a verb"],
            { Positional: [var verb, ..] } when !Verbs.Contains(verb) => [$"kubectl has no verb {verb}"],
            _ when arguments["-k"] is { } folder => Path.Exists(Path.Combine(AlertFiles.Root, folder)) ? [] : [$"there is no {folder}"],
            _ when arguments["-n"] is not { } => ["-n is missing"],
            _ => OfObjects(arguments["-n"]!, arguments).Concat(OfContainer(arguments["-n"]!, arguments)),
        };
        return faults.Select(fault => $"{command}: {fault}");
    }

    private static IEnumerable<string> OfObjects(string space, Arguments arguments)
    {
        var verb = arguments.Positional[0];
        if (!Deployed.Namespaces.Contains(space))
            yield return $"there is no namespace {space}";
        if (arguments["-l"] is { } labels && !labels.Split(',').All(Deployed.HasLabel))
            yield return $"no pod has the label {labels}";
        if (arguments["-f"] is { } file && file != "-" && !Path.Exists(Path.Combine(AlertFiles.Root, file)))
            yield return $"there is no {file}";
        foreach (var (kind, name) in Objects(arguments).Concat(About(arguments)))
        {
            if (!Deployed.Has(space, kind, name))
                yield return $"there is no {kind} {name} in {space}";
            foreach (var port in verb == "port-forward" ? arguments.Positional.Skip(2).Select(port => port.Split(':')[^1]) : [])
            {
                if (!Deployed.HasPort(space, kind, name, port))
                    yield return $"{name} has no port {port}";
            }
        }
    }

    // events --for=pod/node-3
    private static IEnumerable<(string Kind, string Name)> About(Arguments arguments) =>
        arguments["--for"]?.Split('/') is [var kind, var name] ? [(kind, name)] : [];

    // pod/node-3, statefulset node, secret NAME, or just a pod where only a pod is possible.
    private static IEnumerable<(string Kind, string Name)> Objects(Arguments arguments)
    {
        var verb = arguments.Positional[0];
        var words = arguments.Positional.Skip(verb is "rollout" or "set" or "top" ? verb == "top" ? 1 : 2 : 1)
            .Where(word => !word.Contains('=', StringComparison.Ordinal)).ToArray();
        return words switch
        {
            ["secret", "generic", var name] => [("secret", name)],
            [var one, ..] when one.Split('/') is [var kind, var name] => [(kind, name)],
            [var pod, ..] when OfPods.Contains(verb) => [("pod", pod)],
            [var kind, .. var names] => names.Select(name => (kind, name)),
            _ => [],
        };
    }

    private static IEnumerable<string> OfContainer(string space, Arguments arguments)
    {
        var verb = arguments.Positional[0];
        var container = arguments["-c"] ?? arguments["--target"];
        var image = container is null ? null : Deployed.ImageOf(space, container, arguments["-l"]);
        if (container is not null && image is null)
            yield return $"there is no container {container}";
        if (verb == "exec")
        {
            foreach (var program in ImagePrograms.Lacking(image ?? "", arguments.Command))
                yield return $"the image of {container ?? "a container that is not named"} has no {program}";
        }
        if (verb != "debug")
            yield break;
        // The namespace admits only restricted pods, and without a target the node's processes and files are out of reach.
        if (arguments["--profile"] != "restricted" || arguments["--target"] is null)
            yield return "--profile=restricted or --target is missing";
        var tools = arguments["--image"] ?? "";
        if (!tools.StartsWith('$') && !Deployed.ToolImages.Contains(tools))
            yield return $"{tools} is not the pinned image";
        foreach (var program in ImagePrograms.Lacking(tools, arguments.Command))
            yield return $"{tools} has no {program}";
    }
}
