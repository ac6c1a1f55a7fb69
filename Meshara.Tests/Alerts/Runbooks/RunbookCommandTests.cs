namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>Every command of a runbook is checked against what deploy/ creates and the images contain.</summary>
public sealed class RunbookCommandTests
{
    /// <summary>Programs that every reader has, wherever the mesh runs (docs/runbooks/README.md, "Before anything happens").</summary>
    private static readonly HashSet<string> Everywhere =
    [
        "meshara", "curl", "jq", "amtool", "promtool", "dotnet", "git", "openssl", "export", "printf", "echo", "cat", "sort", "uniq", "head",
        "tail", "sed", "grep", "cut", "wc", "ls", "base64",
    ];

    /// <summary>Programs on the machine that runs a node or the container engine.</summary>
    private static readonly HashSet<string> OnTheMachine =
    [
        "pgrep", "ps", "kill", "journalctl", "df", "du", "find", "findmnt", "touch", "rm", "nc", "tr", "chronyc", "timedatectl", "sudo", "cd",
        "dotnet-stack", "dotnet-gcdump", "prometheus-alertmanager",
    ];

    public static TheoryData<string> Names => [.. Runbook.All.Select(runbook => runbook.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_kubectl_and_docker_command_means_what_deploy_makes(string name) => Assert.Empty(Find(name).Commands.SelectMany(Faults));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_block_calls_only_what_its_place_has(string name) => Assert.Empty(Find(name).Blocks.SelectMany(block =>
        block.Commands.Where(command => !Has(block.Place, command)).Select(command => $"{block.Place}: {command}")));

    [Theory]
    [MemberData(nameof(Names))]
    public void What_differs_is_said_of_a_process_of_Compose_and_of_Kubernetes(string name)
    {
        var placed = Find(name).Blocks.Where(block => block.Place.Length > 0).Select(block => block.Place).ToList();
        Assert.Equal(Enumerable.Repeat(Runbook.Places, placed.Count / Runbook.Places.Count).SelectMany(place => place), placed);
    }

    [Fact]
    public void What_images_have_agrees_with_what_compose_calls_in_them()
    {
        Assert.NotEmpty(Deployment.Current.HealthChecks);
        Assert.All(Deployment.Current.HealthChecks, check =>
            Assert.True(ImagePrograms.Has(Deployment.Current.Services[check.Service], check.Program), $"{check}"));
        // The runbooks assume an image without a shell and tools.
        var project = File.ReadAllText(Path.Combine(AlertFiles.Root, "Meshara.Node", "Meshara.Node.csproj"));
        Assert.Contains("-chiseled</ContainerFamily>", project, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kubectl logs meshara-0", "-n is missing")]
    [InlineData("kubectl -n mesh get pods", "there is no namespace mesh")]
    [InlineData("kubectl -n meshara logs node-1 -c meshara", "there is no container meshara")]
    [InlineData("kubectl -n meshara logs node-9", "there is no pod node-9 in meshara")]
    [InlineData("kubectl -n meshara rollout undo statefulset/meshara", "there is no statefulset meshara in meshara")]
    [InlineData("kubectl -n meshara get secret meshara-key", "there is no secret meshara-key in meshara")]
    [InlineData("kubectl -n meshara get pods -l app=meshara", "no pod has the label app=meshara")]
    [InlineData("kubectl -n meshara port-forward pod/node-1 8081:8081", "node-1 has no port 8081")]
    [InlineData("kubectl -n monitoring port-forward service/kibana 5601:5601", "there is no service kibana in monitoring", "kibana has no port 5601")]
    [InlineData("kubectl -n meshara exec node-1 -c node -- sh -c 'ls /home/app'", "the image of node has no sh", "the image of node has no ls")]
    [InlineData("kubectl -n meshara debug node-1 --image=docker.io/library/busybox:1.37.0 --target=node -- sh",
        "--profile=restricted or --target is missing")]
    [InlineData("kubectl -n meshara debug node-1 --image=ubuntu --target=node --profile=restricted -- ls",
        "ubuntu is not the pinned image", "ubuntu has no ls")]
    [InlineData("docker compose up -d node-9", "there is no service node-9")]
    [InlineData("docker compose exec node-1 curl http://localhost", "node-1 has no curl")]
    [InlineData("docker inspect meshara-node1", "there is no container meshara-node1")]
    [InlineData("docker run --rm -v node-1-data:/data docker.io/library/busybox:1.37.0 ls", "there is no volume node-1-data")]
    public void A_command_that_would_fail_is_a_fault(string line, params string[] faults)
    {
        var command = ShellCommand.Parse(line)[0];
        Assert.Equal(faults.Select(fault => $"{command}: {fault}"), Faults(command));
    }

    [Fact]
    public void Commands_are_found_wherever_a_shell_would_run_them() => Assert.Equal(
        ["a b c", "e", "f $()", "g", "h --x=1", "i", "j", "k $NAME 0", "sh -c i | j"],
        ShellCommand.Parse("""
            A=1 a 'b' "c" 2>/dev/null # d
            if e; then f "$(g)"; fi && h \
              --x=1 > file
            sh -c 'i | j'
            k "$NAME" $((1 + 2)) >&2 &
            """).Select(command => command.ToString()).Order(StringComparer.Ordinal));

    private static Runbook Find(string name) => Runbook.All.Single(runbook => runbook.Name == name);

    private static IEnumerable<string> Faults(ShellCommand command) => command.Program switch
    {
        "kubectl" => KubectlCheck.Faults(command),
        "docker" => DockerCheck.Faults(command),
        _ => [],
    };

    // Compose runs on the reader's machine; Kubernetes is reached from anywhere. A script for sh -c in a container is checked with the
    // command that contains it.
    private static bool Has(string place, ShellCommand command) => Everywhere.Contains(command.Program) || place switch
    {
        "Process" => OnTheMachine.Contains(command.Program),
        "Compose" => command.Program == "docker" || OnTheMachine.Contains(command.Program) || ImagePrograms.Has("busybox", command.Program),
        "Kubernetes" => command.Program is "kubectl" or "dotnet-stack" or "dotnet-gcdump" || ImagePrograms.Has("busybox", command.Program),
        _ => false,
    };
}
