using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace Meshara.Lab.Peers;

/// <summary>Mosquitto: MQTT 5 with QoS 2 in both directions, a session that outlives its connection, and persistence.</summary>
internal sealed class MosquittoBroker : IBroker
{
    private const string Topic = "work";
    private const uint SessionSeconds = 3600;

    private static readonly MqttClientFactory Clients = new();

    private readonly BrokerServer _server;
    private readonly IMqttClient _sender, _recipient;
    private volatile string? _ended;

    private MosquittoBroker(BrokerServer server, string version, IMqttClient sender, IMqttClient recipient)
    {
        (_server, Version) = (server, version);
        (_sender, _recipient) = (sender, recipient);
    }

    public string Name => "mosquitto";

    public string Version { get; }

    public Promise Promise { get; } = new(
        "in the server's memory, saved every second; a crash loses what came since",
        "TLS 1.3 to the server, which can read it",
        "once on each of two hops");

    public IReadOnlyList<int> Processes => _server.Processes;

    /// <summary>Starts the server and connects both clients.</summary>
    public static async Task<IBroker> StartAsync(
        string program, BrokerPlace place, Action<ReadOnlySpan<byte>> arrived, CancellationToken cancellationToken)
    {
        var (folder, port) = (place.Folder("mosquitto"), place.Ports[4]);
        var configuration = Path.Combine(folder, "mosquitto.conf");
        // Started by root it would become a user that can read neither certificate nor folder. 0 is no limit.
        await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $"""
            user {Environment.UserName}
            allow_anonymous true
            persistence true
            persistence_location {folder}/
            autosave_interval 1
            max_inflight_messages 0
            max_queued_messages 0
            listener {port} 127.0.0.1
            certfile {place.CertificateFile}
            keyfile {place.KeyFile}
            tls_version tlsv1.3
            """), cancellationToken);
        var version = await VersionAsync(program, cancellationToken);
        var server = await BrokerServer.StartAsync(
            program, ["-c", configuration], new Dictionary<string, string>(), folder, port, cancellationToken);
        var broker = new MosquittoBroker(server, version, Clients.CreateMqttClient(), Clients.CreateMqttClient());
        try
        {
            await broker.ConnectAsync(place, port, arrived, cancellationToken);
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    public async Task SendAsync(byte[] content, CancellationToken cancellationToken)
    {
        if (_ended is { } reason)
            throw new InvalidOperationException(reason);
        var message = new MqttApplicationMessageBuilder()
            .WithTopic(Topic).WithPayload(content).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.ExactlyOnce).Build();
        var result = await _sender.PublishAsync(message, cancellationToken);
        if (!result.IsSuccess)
            throw new InvalidOperationException($"Mosquitto refused a message: {result.ReasonCode} {result.ReasonString}");
    }

    public async ValueTask DisposeAsync()
    {
        _sender.Dispose();
        _recipient.Dispose();
        await _server.DisposeAsync();
    }

    private async Task ConnectAsync(BrokerPlace place, int port, Action<ReadOnlySpan<byte>> arrived, CancellationToken cancellationToken)
    {
        _recipient.ApplicationMessageReceivedAsync += message =>
        {
            var payload = message.ApplicationMessage.Payload;
            arrived(payload.IsSingleSegment ? payload.FirstSpan : payload.ToArray());
            return Task.CompletedTask;
        };
        // Nothing else would say why no message arrives any more.
        _recipient.DisconnectedAsync += disconnected =>
        {
            _ended = $"Mosquitto's recipient was disconnected: {disconnected.Reason} {disconnected.Exception?.Message}".TrimEnd();
            return Task.CompletedTask;
        };
        await _recipient.ConnectAsync(Options("recipient", place, port), cancellationToken);
        await _recipient.SubscribeAsync(Topic, MqttQualityOfServiceLevel.ExactlyOnce, cancellationToken);
        await _sender.ConnectAsync(Options("sender", place, port), cancellationToken);
    }

    private static MqttClientOptions Options(string name, BrokerPlace place, int port) => new MqttClientOptionsBuilder()
        .WithTcpServer("127.0.0.1", port)
        .WithTlsOptions(tls => tls.UseTls().WithTargetHost(BrokerPlace.Host)
            .WithCertificateValidationHandler(validated => place.IsTrusted(validated.Certificate)))
        .WithProtocolVersion(MqttProtocolVersion.V500)
        .WithClientId(name)
        .WithCleanStart(false)
        .WithSessionExpiryInterval(SessionSeconds)
        .Build();

    // The first line of its help: mosquitto version 2.0.11
    private static async Task<string> VersionAsync(string program, CancellationToken cancellationToken)
    {
        using var help = Process.Start(new ProcessStartInfo(program, ["-h"]) { RedirectStandardOutput = true })!;
        var text = await help.StandardOutput.ReadToEndAsync(cancellationToken);
        await help.WaitForExitAsync(cancellationToken);
        return text.Split('\n')[0].Split(' ')[^1];
    }
}
