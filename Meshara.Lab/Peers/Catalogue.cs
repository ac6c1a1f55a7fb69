using Meshara.Harness.Processes;

namespace Meshara.Lab.Peers;

/// <summary>The candidates, and the programs that each needs.</summary>
internal static class Catalogue
{
    // Debian keeps servers out of a user's PATH, and rabbitmq-server on it is a wrapper that only root and its own user may run.
    private static readonly string Servers = string.Join(
        Path.PathSeparator, "/usr/lib/rabbitmq/bin", Environment.GetEnvironmentVariable("PATH"), "/usr/sbin", "/usr/local/sbin");

    /// <summary>All of them, the pair of Meshara first.</summary>
    public static IReadOnlyList<Entry> All { get; } =
    [
        new("meshara", [], "", (_, _, stop) => MesharaPair.StartAsync(stop)),
        new("jetstream", ["nats-server"], "apt-get install nats-server", (programs, place, stop) =>
            BrokerCandidate.StartAsync(arrived => JetStreamBroker.StartAsync(programs[0], place, arrived, stop))),
        new("rabbitmq", ["rabbitmq-server", "epmd"], "apt-get install rabbitmq-server", (programs, place, stop) =>
            BrokerCandidate.StartAsync(arrived => RabbitMqBroker.StartAsync(programs[0], programs[1], place, arrived, stop))),
        new("mosquitto", ["mosquitto"], "apt-get install mosquitto", (programs, place, stop) =>
            BrokerCandidate.StartAsync(arrived => MosquittoBroker.StartAsync(programs[0], place, arrived, stop))),
    ];

    /// <summary>A candidate that may be started.</summary>
    /// <param name="Name">Its name in the report.</param>
    /// <param name="Programs">Names of the programs it needs.</param>
    /// <param name="Install">How to install them.</param>
    /// <param name="StartAsync">Starts it; gets the paths of the programs.</param>
    internal sealed record Entry(
        string Name, IReadOnlyList<string> Programs, string Install,
        Func<IReadOnlyList<string>, BrokerPlace, CancellationToken, Task<ICandidate>> StartAsync)
    {
        /// <summary>The paths of its programs; null if one is missing.</summary>
        public IReadOnlyList<string>? Find()
        {
            var paths = Programs.Select(name => ToolPath.Find(Servers, name)).ToList();
            return paths.Contains(null) ? null : [.. paths.OfType<string>()];
        }

        /// <summary>Why it is left out.</summary>
        public string Missing => $"{Programs[0]} is not installed ({Install})";
    }
}
