using System.Globalization;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Meshara.Lab.Peers;

/// <summary>RabbitMQ: a quorum queue on one server, each message confirmed to the sender and acknowledged by the recipient.</summary>
internal sealed class RabbitMqBroker : IBroker
{
    private const string Queue = "work";
    private const ushort Prefetch = 1024;

    private static readonly BasicProperties Durable = new() { Persistent = true };

    private readonly BrokerServer _portMapper;
    private readonly BrokerServer _server;
    private readonly IConnection _sender, _recipient;
    private readonly IChannel _publishing;

    private RabbitMqBroker(BrokerServer portMapper, BrokerServer server, IConnection sender, IConnection recipient, IChannel publishing)
    {
        (_portMapper, _server) = (portMapper, server);
        (_sender, _recipient, _publishing) = (sender, recipient, publishing);
    }

    public string Name => "rabbitmq";

    public string Version => Encoding.UTF8.GetString((byte[])_sender.ServerProperties!["version"]!);

    public Promise Promise { get; } = new(
        "in the server's log, synced before it is confirmed; survives a power loss",
        "TLS 1.3 to the server, which can read it",
        "at least once");

    public IReadOnlyList<int> Processes => [.. _server.Processes, .. _portMapper.Processes];

    /// <summary>Starts the server and connects both clients.</summary>
    /// <param name="program">The script rabbitmq-server.</param>
    /// <param name="portMapper">Erlang's epmd.</param>
    /// <param name="place">Where it may live.</param>
    /// <param name="arrived">Called with the content of each message.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IBroker> StartAsync(
        string program, string portMapper, BrokerPlace place, Action<ReadOnlySpan<byte>> arrived, CancellationToken cancellationToken)
    {
        var folder = place.Folder("rabbitmq");
        var (port, mapperPort) = (place.Ports[1], Text(place.Ports[2]));
        // The server would start it as a daemon that outlives it.
        string[] arguments = ["-port", mapperPort, "-address", "127.0.0.1"];
        var mapper = await BrokerServer.StartAsync(
            portMapper, arguments, new Dictionary<string, string>(), folder, place.Ports[2], cancellationToken);
        BrokerServer? server = null;
        try
        {
            var settings = await SettingsAsync(folder, place, mapperPort, cancellationToken);
            server = await BrokerServer.StartAsync(program, [], settings, folder, port, cancellationToken);
            return await ConnectAsync(mapper, server, Factory(place, port), arrived, cancellationToken);
        }
        catch
        {
            if (server is not null)
                await server.DisposeAsync();
            await mapper.DisposeAsync();
            throw;
        }
    }

    public async Task SendAsync(byte[] content, CancellationToken cancellationToken) =>
        await _publishing.BasicPublishAsync("", Queue, mandatory: true, Durable, content, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _sender.DisposeAsync();
        await _recipient.DisposeAsync();
        await _server.DisposeAsync();
        await _portMapper.DisposeAsync();
    }

    private static async Task<RabbitMqBroker> ConnectAsync(
        BrokerServer mapper, BrokerServer server, ConnectionFactory factory, Action<ReadOnlySpan<byte>> arrived,
        CancellationToken cancellationToken)
    {
        var sender = await factory.CreateConnectionAsync(cancellationToken);
        var recipient = await factory.CreateConnectionAsync(cancellationToken);
        // How many messages may be unconfirmed is the load's decision.
        var confirmed = new CreateChannelOptions(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true,
            outstandingPublisherConfirmationsRateLimiter: null);
        var publishing = await sender.CreateChannelAsync(confirmed, cancellationToken);
        var receiving = await recipient.CreateChannelAsync(cancellationToken: cancellationToken);
        await receiving.QueueDeclareAsync(
            Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" },
            cancellationToken: cancellationToken);
        await receiving.BasicQosAsync(0, Prefetch, global: false, cancellationToken);
        var consumer = new AsyncEventingBasicConsumer(receiving);
        consumer.ReceivedAsync += async (_, message) =>
        {
            arrived(message.Body.Span);
            await receiving.BasicAckAsync(message.DeliveryTag, multiple: false);
        };
        await receiving.BasicConsumeAsync(Queue, autoAck: false, consumer, cancellationToken);
        return new RabbitMqBroker(mapper, server, sender, recipient, publishing);
    }

    private static ConnectionFactory Factory(BrokerPlace place, int port) => new()
    {
        HostName = "127.0.0.1",
        Port = port,
        Ssl = new SslOption(BrokerPlace.Host, enabled: true) { CertificateValidationCallback = place.Validate },
    };

    // Without plugins, and with nothing of an installed server: neither its folders nor its settings nor its Erlang cookie.
    private static async Task<Dictionary<string, string>> SettingsAsync(
        string folder, BrokerPlace place, string mapperPort, CancellationToken cancellationToken)
    {
        string At(string name) => Path.Combine(folder, name);
        await File.WriteAllTextAsync(At("rabbitmq.conf"), $"""
            listeners.tcp = none
            listeners.ssl.default = 127.0.0.1:{Text(place.Ports[1])}
            ssl_options.certfile = {place.CertificateFile}
            ssl_options.keyfile = {place.KeyFile}
            ssl_options.versions.1 = tlsv1.3
            """, cancellationToken);
        await File.WriteAllTextAsync(At("enabled_plugins"), "[].", cancellationToken);
        await File.WriteAllTextAsync(At("environment"), "", cancellationToken);
        return new Dictionary<string, string>
        {
            ["HOME"] = folder,
            ["LANG"] = "C.UTF-8",
            ["ERL_EPMD_PORT"] = mapperPort,
            ["RABBITMQ_NODENAME"] = $"lab@{BrokerPlace.Host}",
            ["RABBITMQ_DIST_PORT"] = Text(place.Ports[3]),
            ["RABBITMQ_MNESIA_BASE"] = At("data"),
            ["RABBITMQ_LOG_BASE"] = At("log"),
            ["RABBITMQ_CONFIG_FILE"] = At("rabbitmq.conf"),
            ["RABBITMQ_CONF_ENV_FILE"] = At("environment"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = At("enabled_plugins"),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
            // The script then becomes the server, instead of waiting for it.
            ["RUNNING_UNDER_SYSTEMD"] = "true",
        };
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
