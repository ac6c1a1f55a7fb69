using System.Collections.Concurrent;
using System.Net;
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
/// <c>PeerConnection.Requests.cs</c> sends requests and waits for answers.
/// </summary>
internal sealed partial class PeerConnection : IDisposable
{
    // A busy peer needs no heartbeat, but is still pinged this often to read its clock.
    private static readonly TimeSpan ClockInterval = TimeSpan.FromSeconds(15);

    // A live peer answers within a round trip; this leaves room for a busy one.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(3);

    // How long the peer may take to finish sending after this end has said goodbye.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    // How long queued frames may take to leave after this end has said goodbye; a peer that reads nothing would never take
    // them.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);

    // A node republishes its record when something in it changes. Each record costs a verification.
    private const int MaxRecords = 10;
    private static readonly TimeSpan RecordsWindow = TimeSpan.FromSeconds(10);

    // Enough to learn about ten thousand members at once. Each answer is up to 24 KiB.
    private const int MaxMemberQuestions = 100;
    private static readonly TimeSpan MemberQuestionsWindow = TimeSpan.FromSeconds(10);

    private readonly PeerLink _link;
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
    private ITimer? _deadline;
    private PeerRecord _record;

    public PeerConnection(
        PeerLink link, FrameReader reader, FrameWriter writer, PeerRecord record, TransportOptions options, MeshTelemetry telemetry, TimeProvider time)
    {
        _link = link;
        _reader = reader;
        _writer = writer;
        _record = record;
        _records = new TokenBucket(MaxRecords, RecordsWindow, time);
        _memberQuestions = new TokenBucket(MaxMemberQuestions, MemberQuestionsWindow, time);
        _options = options;
        _telemetry = telemetry;
        _time = NodeClock.Of(time);
        ConnectedAt = time.GetUtcNow();
        _lastReceived = _progressed = _beaten = _connected = time.GetTimestamp();
    }

    /// <summary>The address of the peer.</summary>
    public NodeAddress Peer => _record.Address;

    /// <summary>The latest record the peer has sent of itself.</summary>
    public PeerRecord Record => Volatile.Read(ref _record);

    /// <summary>IP address and port of the peer.</summary>
    public string Remote => _link.Remote;

    /// <summary>The hash of the peer's certificate, which distinguishes its process from others with the same identity.</summary>
    public string Instance => _link.Instance;

    /// <summary>
    /// The group that the peer's address is counted under (<see cref="AddressLimits.GroupOf"/>); null if the peer is on this
    /// machine.
    /// </summary>
    public IPAddress? AddressGroup => _link.AddressGroup;

    /// <summary>The source that everything the peer sends is counted under.</summary>
    public Source Source => new(Peer, AddressGroup);

    /// <summary>The protocol version that both ends agreed on (<see cref="ProtocolVersions"/>).</summary>
    public required uint Version { get; init; }

    /// <summary>True if this node dialled.</summary>
    public bool Outbound => _link.Outbound;

    /// <summary>The number that the dialling side gave this connection; its later dials have higher ones.</summary>
    public ulong DialNumber => _link.DialNumber;

    public DateTimeOffset ConnectedAt { get; }

    public TimeSpan Duration => _time.GetElapsedTime(_connected);

    public TimeSpan? RoundTrip => _roundTrip.Smoothed;

    /// <summary>False once it is closing; frames sent from then on are lost.</summary>
    public bool IsOpen => Reason is null;

    /// <summary>Why it is closing or closed; null while it is open.</summary>
    public string? Reason => Volatile.Read(ref _reason);

    /// <summary>False while the peer reads more slowly than this node sends; frames that are not urgent should wait.</summary>
    public bool HasRoom => _writer.HasRoom;

    /// <summary>True if more than the frame being handled has arrived from the peer.</summary>
    public bool HasMore => _reader.HasMore;

    /// <summary>How long nothing has arrived from the peer.</summary>
    public TimeSpan Silence => _time.GetElapsedTime(Volatile.Read(ref _lastReceived));

    /// <summary>
    /// Queues a frame. Waits while the send buffer is full, for as long as the peer keeps it full; code that serves several
    /// peers uses <see cref="TrySend"/>.
    /// </summary>
    /// <returns>Bytes queued; 0 if the connection is closed.</returns>
    public ValueTask<int> SendAsync(Frame frame, CancellationToken cancellationToken) =>
        IsOpen ? _writer.WriteAsync(frame, cancellationToken) : ValueTask.FromResult(0);

    /// <summary>Queues a frame if there is room for it.</summary>
    /// <returns>Bytes queued; 0 if the send buffer is full or the connection is closed.</returns>
    public int TrySend(Frame frame) => IsOpen ? _writer.TryWrite(frame) : 0;

    /// <summary>
    /// Queues a small frame that goes ahead of bulk traffic: answers, acknowledgments, and frames that maintain connections and
    /// routes. Never waits, so the read loop may call it: two ends waiting for room in their read loops would deadlock.
    /// </summary>
    /// <returns>Bytes queued; 0 if the connection is closed, or the frame is dropped because the peer reads too slowly.</returns>
    public int TrySendUrgent(Frame frame) => IsOpen ? _writer.TryWriteUrgent(frame) : 0;

    /// <summary>A position behind all non-urgent frames queued so far.</summary>
    public long Queued => _writer.Queued;

    /// <summary>Bytes that the connection has taken from this node.</summary>
    public long BytesSent => _writer.Left;

    /// <summary>True if everything before a position has been written, or is lost with the connection.</summary>
    public bool HasLeft(long position) => !IsOpen || _writer.Left >= position;

    /// <summary>Completes when the send buffer has room again or the connection is closed.</summary>
    public Task RoomAsync() => _writer.RoomAsync();

    /// <summary>False if the peer has sent too many records of itself lately, so that the next one is ignored.</summary>
    public bool MaySendRecord() => _records.TryTake();

    /// <summary>False if the peer has asked for members too often lately, so that it gets no answer.</summary>
    public bool MayAskForMembers() => _memberQuestions.TryTake();

    /// <summary>True once per connection: a peer without room sends one unsolicited referral before it closes the connection.</summary>
    public bool MayRefer() => !Interlocked.Exchange(ref _isReferred, true);

    /// <summary>Replaces the peer's record with one it has just sent of itself.</summary>
    public void Update(PeerRecord record)
    {
        // The latest record counts even if its sequence is lower: its owner's clock may have been corrected.
        if (record.Address == Peer)
            Volatile.Write(ref _record, record);
    }

    /// <summary>
    /// Called about once a second. Pings a silent peer, and gives up on one that does not answer, or reads nothing from its
    /// queue, for too long.
    /// </summary>
    public void Beat()
    {
        // After a suspension of this node, nothing is known about the peer: what it sent meanwhile has not been read yet.
        var now = _time.GetTimestamp();
        var stoodStill = _time.GetElapsedTime(_beaten, now) > ClockGuard.StandStill;
        _beaten = now;
        if (HasStalled(now, stoodStill))
        {
            Abort(CloseReason.SlowConsumer);
            return;
        }
        // A long frame on a slow link shows that the peer is alive before the frame is complete.
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

    /// <summary>
    /// Pings the peer now and gives up soon without an answer: after a suspension of this node, the peer may be gone.
    /// </summary>
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
    /// How long a ping may go unanswered before the peer counts as gone: four times the timeout of RFC 6298, since pings are
    /// not retransmitted and a false verdict costs a connection.
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

    /// <summary>Reads and writes until the connection ends; <see cref="Reason"/> then says why.</summary>
    public async Task RunAsync(IFrameHandler handler, CancellationToken stopping)
    {
        using var stop = stopping.UnsafeRegister(static state => ((PeerConnection)state!).Close(CloseReason.Shutdown), this);
        var writing = WriteAsync();
        var reading = ReadAsync(handler, _abort.Token);
        await Task.WhenAny(reading, writing);
        // Whichever half has ended, the other gets a moment to finish: data in transit still counts.
        _writer.Complete();
        AbortAfter(Linger);
        try
        {
            await Task.WhenAll(reading, writing);
        }
        catch
        {
            // A defect in a handler; the caller reports it.
            Interlocked.CompareExchange(ref _reason, CloseReason.Network, null);
            throw;
        }
        finally
        {
            foreach (var request in _requests.Values)
                request.TrySetException(new MesharaException(ErrorCodes.Unreachable, $"The connection to {Peer.Short} closed."));
        }
    }

    /// <summary>Ends the connection gracefully: queued frames are still written, and frames from the peer are still read.</summary>
    public void Close(string reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason, null) is not null)
            return;
        _writer.Complete();
        AbortAfter(DrainLimit);
    }

    /// <summary>By the node's clock, which <see cref="CancellationTokenSource.CancelAfter(TimeSpan)"/> does not follow.</summary>
    private void AbortAfter(TimeSpan wait)
    {
        var timer = _time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), _abort, wait, Timeout.InfiniteTimeSpan);
        Interlocked.Exchange(ref _deadline, timer)?.Dispose();
    }

    /// <summary>Ends the connection immediately.</summary>
    public void Abort(string reason)
    {
        Interlocked.CompareExchange(ref _reason, reason, null);
        _abort.Cancel();
    }

    /// <summary>
    /// Frees the socket. The cancellation source stays usable, because a heartbeat may still abort an ended connection.
    /// </summary>
    public void Dispose()
    {
        _deadline?.Dispose();
        _link.Stream.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            await _writer.RunAsync(_abort.Token);
            _link.EndSending();
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

    /// <summary>Notes the peer's clocks.</summary>
    /// <param name="shown">Null if the peer did not send them.</param>
    /// <param name="delay">Roughly how long ago they were read.</param>
    public void ReadClock(Clock? shown, TimeSpan delay)
    {
        Volatile.Write(ref _clockRead, _time.GetTimestamp());
        if (shown is not null && MicrosecondTime.TryFromMicroseconds(shown.Wall, out var wall) && MicrosecondTime.TryFromMicroseconds(shown.Steady, out var steady))
            _time.Peers.Observe(Peer, wall, steady, delay);
    }

    internal async ValueTask OnFrameAsync(IFrameHandler handler, Frame frame, CancellationToken cancellationToken)
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
                    await handler.HandleAsync(this, frame, cancellationToken); // unsolicited: a referral to other nodes
                else
                    OnAnswer(frame);
                break;
            default:
                await handler.HandleAsync(this, frame, cancellationToken);
                break;
        }
    }
}
