using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Transport;

/// <summary>
/// One authenticated connection to a peer. Created by <see cref="Handshake"/>, owned by <see cref="Swarm"/>.
/// <c>PeerConnection.Requests.cs</c> asks and waits for answers.
/// </summary>
internal sealed partial class PeerConnection : IDisposable
{
    // A peer that has always something to say needs no heartbeat, but its clock is asked for now and then.
    private static readonly TimeSpan ClockInterval = TimeSpan.FromSeconds(15);

    // A peer that is there answers within a round trip; this leaves room for one that is busy.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    // How long the other end may take to finish what it is sending once this end has said goodbye.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    // How long what is queued may take to leave once this end has said goodbye; a peer that takes nothing any more never would.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);

    // A node publishes its record anew when something about it changes. Each costs a verification.
    private const int MaxRecords = 10;
    private static readonly TimeSpan RecordsWindow = TimeSpan.FromSeconds(10);

    // Enough to learn of ten thousand members at once. Each answer is up to 24 KiB.
    private const int MaxMemberQuestions = 100;
    private static readonly TimeSpan MemberQuestionsWindow = TimeSpan.FromSeconds(10);

    private readonly SslStream _stream;
    private readonly Socket _socket;
    private readonly FrameWriter _writer;
    private readonly FrameReader _reader;
    private readonly MeshTelemetry _telemetry;
    private readonly NodeClock _time;
    private readonly TransportOptions _options;
    private readonly CancellationTokenSource _abort = new();
    private readonly ConcurrentDictionary<ulong, PendingRequest> _requests = new();
    private readonly RoundTripEstimate _roundTrip = new();
    private readonly TokenBucket _records;
    private readonly TokenBucket _memberQuestions;
    private bool _isReferred;
    private ulong _lastCorrelation;
    private string? _reason;
    private readonly long _connected;
    private long _lastReceived;
    private long _arrived;
    private long _pingSent;
    private long _progress;
    private long _progressed;
    private long _beaten;
    private long _clockRead;
    private volatile bool _isProbed;
    private PeerRecord _record;

    public PeerConnection(
        SslStream stream, Socket socket, FrameReader reader, FrameWriter writer, PeerRecord record, string remote, string instance, IPAddress? addressGroup,
        bool outbound, ulong dialNumber, TransportOptions options, MeshTelemetry telemetry, TimeProvider time)
    {
        _stream = stream;
        _socket = socket;
        _reader = reader;
        _writer = writer;
        _record = record;
        Remote = remote;
        Instance = instance;
        AddressGroup = addressGroup;
        _records = new TokenBucket(MaxRecords, RecordsWindow, time);
        _memberQuestions = new TokenBucket(MaxMemberQuestions, MemberQuestionsWindow, time);
        Outbound = outbound;
        DialNumber = dialNumber;
        _options = options;
        _telemetry = telemetry;
        _time = NodeClock.Of(time);
        ConnectedAt = time.GetUtcNow();
        _lastReceived = _progressed = _beaten = _connected = time.GetTimestamp();
    }

    /// <summary>Who is at the other end.</summary>
    public NodeAddress Peer => _record.Address;

    /// <summary>The newest record the peer has sent of itself.</summary>
    public PeerRecord Record => Volatile.Read(ref _record);

    /// <summary>IP address and port of the other end.</summary>
    public string Remote { get; }

    /// <summary>Tells the peer's process from others with its identity: its certificate's hash.</summary>
    public string Instance { get; }

    /// <summary>What the other end's address is counted under (<see cref="AddressLimits.GroupOf"/>); null when it is this machine's own.</summary>
    public IPAddress? AddressGroup { get; }

    /// <summary>Under what it is counted what the peer brings.</summary>
    public Source Source => new(Peer, AddressGroup);

    /// <summary>The version of the protocol that both ends speak (<see cref="ProtocolVersions"/>).</summary>
    public required uint Version { get; init; }

    /// <summary>True when this node dialled.</summary>
    public bool Outbound { get; }

    /// <summary>The dialler's number for this connection; its later dials have higher ones.</summary>
    public ulong DialNumber { get; }

    public DateTimeOffset ConnectedAt { get; }

    public TimeSpan Duration => _time.GetElapsedTime(_connected);

    public TimeSpan? RoundTrip => _roundTrip.Smoothed;

    /// <summary>False once it is closing; frames sent then are lost.</summary>
    public bool IsOpen => Reason is null;

    /// <summary>Why it is closing or closed; null before.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    /// <summary>False while the peer reads more slowly than this node sends; what is not urgent should wait.</summary>
    public bool HasRoom => _writer.HasRoom;

    /// <summary>True when more has come from the peer than the frame that is being handled.</summary>
    public bool HasMore => _reader.HasMore;

    /// <summary>How long nothing has come from the peer.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _lastReceived));

    /// <summary>
    /// Queues a frame; waits while the send buffer is full, which a peer decides. Work for several peers uses <see cref="TrySend"/>.
    /// </summary>
    /// <returns>Bytes queued, 0 when the connection is closed.</returns>
    public ValueTask<int> SendAsync(Frame frame, CancellationToken cancellationToken) =>
        IsOpen ? _writer.WriteAsync(frame, cancellationToken) : ValueTask.FromResult(0);

    /// <summary>Queues a frame if there is room for it.</summary>
    /// <returns>Bytes queued, 0 when the send buffer is full or the connection closed.</returns>
    public int TrySend(Frame frame) => IsOpen ? _writer.TryWrite(frame) : 0;

    /// <summary>
    /// Queues a small frame that leaves before the bulk: answers, acknowledgments, what keeps connections and routes. Never waits, so it
    /// may be called from the loop that reads: two ends that wait for room there would wait for each other.
    /// </summary>
    /// <returns>Bytes queued; 0 when the connection is closed, or the peer takes so little that the frame is dropped.</returns>
    public int TrySendUrgent(Frame frame) => IsOpen ? _writer.TryWriteUrgent(frame) : 0;

    /// <summary>A position behind every frame queued so far that is not urgent.</summary>
    public long Queued => _writer.Queued;

    /// <summary>True when everything before a position has left for the peer, or is lost with the connection.</summary>
    public bool HasLeft(long position) => !IsOpen || _writer.Left >= position;

    /// <summary>Completes when the send buffer has room again, or the connection is closed.</summary>
    public Task RoomAsync() => _writer.RoomAsync();

    /// <summary>False when the peer has sent so many records of itself lately that the next one is not looked at.</summary>
    public bool MaySendRecord() => _records.TryTake();

    /// <summary>False when the peer has asked so often lately which members this node knows that it gets no answer.</summary>
    public bool MayAskForMembers() => _memberQuestions.TryTake();

    /// <summary>True once: a peer that has no room names others unasked, and then the connection ends.</summary>
    public bool MayRefer() => !Interlocked.Exchange(ref _isReferred, true);

    /// <summary>Takes a newer record that the peer sent of itself.</summary>
    public void Update(PeerRecord record)
    {
        // The last one counts: its sequence may be lower after its owner's clock was set right.
        if (record.Address == Peer)
            Volatile.Write(ref _record, record);
    }

    /// <summary>
    /// Called about once a second: asks a silent peer for a sign of life, and gives up on one that owes it, or takes nothing of what
    /// is queued for it, for too long.
    /// </summary>
    public void Beat()
    {
        // After a time in which this node stood still nothing is known of the peer: what it sent meanwhile is not read yet.
        var now = _time.GetTimestamp();
        var stoodStill = _time.GetElapsedTime(_beaten, now) > ClockGuard.StandStill;
        _beaten = now;
        if (HasStalled(now, stoodStill))
        {
            Abort(CloseReason.SlowConsumer);
            return;
        }
        // A long frame on a slow link is a sign of life before it is complete.
        if (_reader.Arrived is var arrived && arrived != _arrived)
        {
            _arrived = arrived;
            Volatile.Write(ref _lastReceived, _time.GetTimestamp());
        }
        var sent = Volatile.Read(ref _pingSent);
        if (sent != 0 && !stoodStill)
        {
            var patience = _isProbed ? ProbeTimeout : HeartbeatTimeout;
            if (_time.GetElapsedTime(sent) > patience && Silence > patience)
                Abort(CloseReason.Timeout);
            return;
        }
        if (stoodStill || _roundTrip.Smoothed is null || Silence >= _options.HeartbeatInterval
            || _time.GetElapsedTime(Volatile.Read(ref _clockRead)) >= ClockInterval)
            Ping();
    }

    /// <summary>Asks for a sign of life now, and gives up soon when none comes: this node stood still, and the peer may be gone.</summary>
    public void Probe()
    {
        _isProbed = true;
        Ping();
    }

    private void Ping()
    {
        Volatile.Write(ref _pingSent, _time.GetTimestamp());
        _telemetry.Sent(Tags.Ping);
        TrySendUrgent(new Frame { Ping = new Ping() });
    }

    /// <summary>
    /// The wait after which an unanswered heartbeat means that the peer is gone. Four times RFC 6298's timeout, since
    /// nobody retransmits a heartbeat and a wrong verdict costs a connection.
    /// </summary>
    private TimeSpan HeartbeatTimeout => _roundTrip.Timeout * 4 is { } timeout && timeout < _options.MaxHeartbeatTimeout
        ? timeout < _options.MinHeartbeatTimeout ? _options.MinHeartbeatTimeout : timeout
        : _options.MaxHeartbeatTimeout;

    private bool HasStalled(long now, bool stoodStill)
    {
        var progress = _writer.Progress;
        if (_writer.IsIdle || progress != _progress || stoodStill)
        {
            _progress = progress;
            _progressed = now;
        }
        return _time.GetElapsedTime(_progressed, now) > _options.SendTimeout;
    }

    /// <summary>Reads and writes until the connection ends; <see cref="Reason"/> says why it did.</summary>
    public async Task RunAsync(IFrameHandler handler, CancellationToken stopping)
    {
        using var stop = stopping.UnsafeRegister(static state => ((PeerConnection)state!).Close(CloseReason.Shutdown), this);
        var writing = WriteAsync();
        var reading = ReadAsync(handler, _abort.Token);
        await Task.WhenAny(reading, writing);
        // Whichever half ended, the other one gets a moment to end in good order: what is on its way still counts.
        _writer.Complete();
        _abort.CancelAfter(Linger);
        try
        {
            await Task.WhenAll(reading, writing);
        }
        catch
        {
            // A defect of a handler: the caller reports it.
            Interlocked.CompareExchange(ref _reason, CloseReason.Network, null);
            throw;
        }
        finally
        {
            foreach (var request in _requests.Values)
                request.TrySetException(new MesharaException(ErrorCodes.Unreachable, $"The connection to {Peer.Short} closed."));
        }
    }

    /// <summary>Ends the connection in good order: what is queued is still written, what the peer has sent is still read.</summary>
    public void Close(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is not null)
            return;
        _writer.Complete();
        _abort.CancelAfter(DrainLimit);
    }

    /// <summary>Ends the connection now.</summary>
    public void Abort(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        _abort.Cancel();
    }

    /// <summary>Frees the socket. The cancellation source stays usable: a heartbeat may still abort what has just ended.</summary>
    public void Dispose() => _stream.Dispose();

    private async Task WriteAsync()
    {
        try
        {
            await _writer.RunAsync(_abort.Token);
            // The end of the stream is said by TCP, at a frame's end, and not by TLS: SslStream.ShutdownAsync touches OpenSSL's
            // state without a lock while the other loop reads, which corrupts memory. An attacker who cuts a connection gains
            // nothing: what is not acknowledged is sent again.
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            Abort(CloseReason.Network);
        }
    }

    private async Task ReadAsync(IFrameHandler handler, CancellationToken cancellationToken)
    {
        try
        {
            while (await _reader.ReadAsync(cancellationToken) is { } frame)
            {
                Volatile.Write(ref _lastReceived, _time.GetTimestamp());
                await OnFrameAsync(handler, frame, cancellationToken);
            }
            Interlocked.CompareExchange(ref _reason, CloseReason.Remote, null);
        }
        catch (MesharaException e) when (e.Code == ErrorCodes.Protocol)
        {
            _telemetry.Error(ErrorType.Protocol);
            Abort(CloseReason.Protocol);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            Abort(CloseReason.Network);
        }
        finally
        {
            await _reader.CompleteAsync();
        }
    }

    private void OnPong(Pong pong, TimeSpan roundTrip)
    {
        _isProbed = false;
        _roundTrip.Add(roundTrip);
        ReadClock(pong.Clock, roundTrip / 2);
    }

    /// <summary>Takes what the peer says of its clocks.</summary>
    /// <param name="shown">Null from a peer that says nothing.</param>
    /// <param name="delay">How long ago it was said, about.</param>
    public void ReadClock(Clock? shown, TimeSpan delay)
    {
        Volatile.Write(ref _clockRead, _time.GetTimestamp());
        if (shown is not null && MicrosecondTime.TryFromMicroseconds(shown.Wall, out var wall) && MicrosecondTime.TryFromMicroseconds(shown.Steady, out var steady))
            _time.Peers.Observe(Peer, wall, steady, delay);
    }

    private async ValueTask OnFrameAsync(IFrameHandler handler, Frame frame, CancellationToken cancellationToken)
    {
        switch (frame.BodyCase)
        {
            case Frame.BodyOneofCase.Ping:
                _telemetry.Received(Tags.Ping);
                TrySendUrgent(new Frame { Correlation = frame.Correlation, Pong = new Pong { Clock = _time.ToWire() } });
                break;
            case Frame.BodyOneofCase.Pong when frame.Correlation != 0:
                OnAnswer(frame);
                break;
            case Frame.BodyOneofCase.Pong:
                var sent = Interlocked.Exchange(ref _pingSent, 0);
                if (sent != 0)
                    OnPong(frame.Pong, _time.GetElapsedTime(sent));
                break;
            case Frame.BodyOneofCase.FoundNodes or Frame.BodyOneofCase.Deposited or Frame.BodyOneofCase.HandedOver:
                if (frame.Correlation == 0)
                    await handler.HandleAsync(this, frame, cancellationToken); // nobody asked: a referral to others
                else
                    OnAnswer(frame);
                break;
            default:
                await handler.HandleAsync(this, frame, cancellationToken);
                break;
        }
    }
}
