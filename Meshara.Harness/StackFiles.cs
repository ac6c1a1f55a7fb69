namespace Meshara.Harness;

/// <summary>
/// Paths of a mesh's files. The folders of Prometheus and Alertmanager are laid out like <c>/etc/prometheus</c> and
/// <c>/etc/alertmanager</c> in the containers, so that one configuration serves both.
/// </summary>
/// <param name="Data">The mesh's folder (<c>--data</c>), as an absolute path.</param>
internal sealed record StackFiles(string Data)
{
    /// <summary>The lock file, held open by the host that uses the folder.</summary>
    public string Lock => Path.Combine(Data, "host.lock");

    /// <summary>Folder for the output of nodes and programs.</summary>
    public string Logs => Path.Combine(Data, "logs");

    /// <summary>Folder for the JSON log files of the nodes, which Filebeat ships.</summary>
    public string NodeLogs => Path.Combine(Logs, "nodes");

    /// <summary>Prometheus's configuration: <c>prometheus.yml</c>, <c>rules/</c> and <c>targets/</c>.</summary>
    public string Prometheus => Path.Combine(Data, "prometheus");

    /// <summary>Alertmanager's configuration: <c>alertmanager.yml</c>, <c>templates/</c> and <c>secrets/</c>.</summary>
    public string Alertmanager => Path.Combine(Data, "alertmanager");

    /// <summary>Used as HOME if HOME is not writable.</summary>
    public string Home => Path.Combine(Data, "home");

    /// <summary>The working directory of a server that runs as a program.</summary>
    public string Server(string name) => Path.Combine(Data, name);

    /// <summary>Keys and storage of a node, kept between runs so that its address stays the same.</summary>
    public string Node(string name) => Path.Combine(Data, name);

    /// <summary>The log file of a node or program.</summary>
    public string Log(string name) => Path.Combine(Logs, name + ".log");

    /// <summary>Locks the folder for this host: two hosts on one folder would run two nodes with the same key.</summary>
    /// <returns>The lock; dispose it to release the folder.</returns>
    /// <exception cref="StackException">The folder cannot be used, or another host uses it.</exception>
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

    /// <summary>A path for display: relative if it lies below the working directory.</summary>
    public static string Shown(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}
