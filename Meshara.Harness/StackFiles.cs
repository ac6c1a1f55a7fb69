namespace Meshara.Harness;

/// <summary>
/// Where a mesh keeps its files. The folders of the tools are laid out as the containers see them under
/// <c>/etc/prometheus</c> and <c>/etc/alertmanager</c>, so that one configuration serves both.
/// </summary>
/// <param name="Data">The mesh's folder (<c>--data</c>), as an absolute path.</param>
internal sealed record StackFiles(string Data)
{
    /// <summary>Held open by the host that uses the folder.</summary>
    public string Lock => Path.Combine(Data, "host.lock");

    /// <summary>What the children print.</summary>
    public string Logs => Path.Combine(Data, "logs");

    /// <summary>JSON lines of every node, for whatever ships them.</summary>
    public string NodeLogs => Path.Combine(Logs, "nodes");

    /// <summary>Prometheus' configuration: <c>prometheus.yml</c>, <c>rules/</c> and <c>targets/</c>.</summary>
    public string Prometheus => Path.Combine(Data, "prometheus");

    /// <summary>Alertmanager's configuration: <c>alertmanager.yml</c>, <c>templates/</c> and <c>secrets/</c>.</summary>
    public string Alertmanager => Path.Combine(Data, "alertmanager");

    /// <summary>Stands in for the user's own folder where that cannot be written.</summary>
    public string Home => Path.Combine(Data, "home");

    /// <summary>The folder of a server that runs as a program of this machine.</summary>
    public string Server(string name) => Path.Combine(Data, name);

    /// <summary>Keys and storage of a node; kept between runs, so that its address is.</summary>
    public string Node(string name) => Path.Combine(Data, name);

    /// <summary>The log of a node or tool.</summary>
    public string Log(string name) => Path.Combine(Logs, name + ".log");

    /// <summary>Takes the folder for this host: two with one folder would run two nodes with one key.</summary>
    /// <returns>Holds it until it is disposed of.</returns>
    /// <exception cref="StackException">It cannot be used, or another host uses it.</exception>
    public FileStream Claim()
    {
        try
        {
            Directory.CreateDirectory(Data);
            return new FileStream(Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StackException($"{Data} cannot be used: {exception.Message} Choose another folder with --data DIR.");
        }
    }

    /// <summary>A path as a person wants to read it: relative where it lies below the working directory.</summary>
    public static string Shown(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}
