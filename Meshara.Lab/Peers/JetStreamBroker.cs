using System.Globalization;
using Meshara.Harness;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Meshara.Lab.Peers;

/// <summary>NATS JetStream: a work queue in files, each message confirmed to the sender and acknowledged by the recipient.</summary>
internal sealed class JetStreamBroker : IBroker
{
    private const string Queue = "work";

    private readonly CancellationTokenSource _stop = new();
    private readonly BrokerServer _server;
    private readonly NatsConnection _sender, _recipient;
    private readonly NatsJSContext _publishing;
    private Task _receiving = Task.CompletedTask;

    private JetStreamBroker(BrokerServer server, Func<NatsOpts> options)
    {
        _server = server;
        (_sender, _recipient) = (new NatsConnection(options()), new NatsConnection(options()));
        _publishing = new NatsJSContext(_sender);
    }

    public string Name => "jetstream";

    public string Version => _sender.ServerInfo!.Version;

    public Promise Promise { get; } = new(
        "in the server's file, which it syncs every 2 minutes; survives a crash of the server",
        "TLS 1.3 to the server, which can read it",
        "at least once");

    public IReadOnlyList<int> Processes => _server.Processes;

    /// <summary>Starts the server and connects both clients.</summary>
    public static async Task<IBroker> StartAsync(
        string program, BrokerPlace place, Action<ReadOnlySpan<byte>> arrived, CancellationToken cancellationToken)
    {
        var (folder, port) = (place.Folder(Queue), place.Ports[0]);
        var configuration = Path.Combine(folder, "nats.conf");
        await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            listen: "127.0.0.1:{{port}}"
            tls { cert_file: "{{place.CertificateFile}}", key_file: "{{place.KeyFile}}", min_version: "1.3" }
            jetstream { store_dir: "{{folder}}", sync_interval: "2m" }
            """), cancellationToken);
        var server = await BrokerServer.StartAsync(
            program, ["-c", configuration], new Dictionary<string, string>(), folder, port, cancellationToken);
        var broker = new JetStreamBroker(server, () => Options(place, port));
        try
        {
            await broker.ConnectAsync(arrived, cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    public async Task SendAsync(byte[] content, CancellationToken cancellationToken) =>
        (await _publishing.PublishAsync(Queue, content, cancellationToken: cancellationToken)).EnsureSuccess();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving;
        await _sender.DisposeAsync();
        await _recipient.DisposeAsync();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    private static NatsOpts Options(BrokerPlace place, int port) => NatsOpts.Default with
    {
        Url = string.Create(CultureInfo.InvariantCulture, $"tls://{BrokerPlace.Host}:{port}"),
        TlsOpts = new NatsTlsOpts
        {
            Mode = TlsMode.Require,
            ConfigureClientAuthentication = options =>
            {
                options.RemoteCertificateValidationCallback = place.Validate;
                return ValueTask.CompletedTask;
            },
        },
    };

    private async Task ConnectAsync(Action<ReadOnlySpan<byte>> arrived, CancellationToken cancellationToken)
    {
        await _sender.ConnectAsync();
        var receiving = new NatsJSContext(_recipient);
        var stream = new StreamConfig(Queue, [Queue]) { Storage = StreamConfigStorage.File, Retention = StreamConfigRetention.Workqueue };
        await receiving.CreateStreamAsync(stream, cancellationToken);
        var consumer = await receiving.CreateOrUpdateConsumerAsync(
            Queue, new ConsumerConfig(Queue) { AckPolicy = ConsumerConfigAckPolicy.Explicit, MaxAckPending = -1 }, cancellationToken);
        _receiving = ReceiveAsync(consumer, arrived);
    }

    private async Task ReceiveAsync(INatsJSConsumer consumer, Action<ReadOnlySpan<byte>> arrived)
    {
        try
        {
            await foreach (var message in consumer.ConsumeAsync<byte[]>(cancellationToken: _stop.Token))
            {
                arrived(message.Data);
                await message.AckAsync(cancellationToken: _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Expected: the measurement has ended.
        }
    }
}
