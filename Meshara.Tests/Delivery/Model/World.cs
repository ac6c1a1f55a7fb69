using System.Globalization;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Delivery.Model;

/// <summary>What may happen next; the explorer chooses.</summary>
internal enum StepKind
{
    Accept,
    AttemptDirect,
    AttemptByRelay,
    AcknowledgmentOverdue,
    PauseOver,
    WriteOutcomes,
    CrashSender,
    Arrive,
    HandOver,
    CrashRelay,
    CrashRecipient,
    StartRecipient,
    ReadInbox,
    TimePasses,
}

/// <param name="Kind">What happens.</param>
/// <param name="Sender">The sender it happens to.</param>
/// <param name="Index">The frame that arrives, or the message whose acknowledgment is overdue.</param>
internal readonly record struct Step(StepKind Kind, int Sender = 0, int Index = 0)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind}({Sender},{Index})");
}

/// <summary>How much of everything an exploration may contain.</summary>
internal sealed record Bounds(int Messages, int Crashes, int TimeSteps, TimeSpan TimeStep);

/// <summary>Two senders, a relay, a recipient, and the frames between them.</summary>
internal sealed class World : IAsyncDisposable
{
    public static readonly TimeSpan LongestLife = new DeliveryOptions().MaxTimeToLive;

    private static readonly NodeIdentity[] Identities = [NodeIdentity.Generate(), NodeIdentity.Generate()];
    private static readonly NodeAddress RelayAddress = Storage.Samples.Address();
    private static readonly NodeAddress RecipientAddress = Storage.Samples.Address();

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly NodeClock _clock;
    private readonly Bounds _bounds;
    private readonly ModelSender[] _senders;
    private readonly ModelRelay _relay;
    private readonly ModelRecipient _recipient;
    private readonly List<FrameInFlight> _frames = [];
    private readonly Dictionary<MessageId, MessageState> _ended = [];
    private int _crashes;
    private int _timeSteps;

    public World(Bounds bounds, Func<NodeClock, IModelStore> open, Func<NodeClock, IModelStore>? openRecipient = null)
    {
        _bounds = bounds;
        _clock = NodeClock.Of(_time);
        _senders = [.. Identities.Select((identity, i) => new ModelSender(i, identity, RecipientAddress, _clock, open(_clock)))];
        _relay = new ModelRelay(RelayAddress, RecipientAddress, _clock, open(_clock));
        _recipient = new ModelRecipient(RelayAddress, _clock, (openRecipient ?? open)(_clock));
    }

    /// <summary>Contents are the sender's number and the message's, so that a message is known whatever its id.</summary>
    public static string NameOf(ReadOnlyMemory<byte> content) =>
        string.Create(CultureInfo.InvariantCulture, $"{content.Span[0]}.{content.Span[1]}");

    /// <summary>Everything that may happen now.</summary>
    public async Task<List<Step>> StepsAsync()
    {
        List<Step> steps = [.. Enumerable.Range(0, _senders.Length).SelectMany(StepsOf)];
        // Frames with the same content have the same effect; one of them is enough.
        var distinct = Enumerable.Range(0, _frames.Count).DistinctBy(i => NameOf(_frames[i]));
        steps.AddRange(distinct.Select(i => new Step(StepKind.Arrive, Index: i)));
        if (_recipient.IsUp && !_relay.IsHandingOver && (await _relay.HeldAsync()).Count > 0)
            steps.Add(new Step(StepKind.HandOver));
        if ((await _recipient.InboxAsync()).Count > 0)
            steps.Add(new Step(StepKind.ReadInbox));
        if (!_recipient.IsUp)
            steps.Add(new Step(StepKind.StartRecipient));
        if (_crashes < _bounds.Crashes)
            steps.Add(new Step(StepKind.CrashRelay));
        if (_crashes < _bounds.Crashes && _recipient.IsUp)
            steps.Add(new Step(StepKind.CrashRecipient));
        if (_timeSteps < _bounds.TimeSteps)
            steps.Add(new Step(StepKind.TimePasses));
        return steps;
    }

    public async Task TakeAsync(Step step)
    {
        var sender = _senders[step.Sender];
        switch (step.Kind)
        {
            case StepKind.Accept:
                await sender.AcceptAsync();
                break;
            case StepKind.AttemptDirect:
                _frames.AddRange(sender.Attempt(_recipient.IsUp, byRelay: false));
                break;
            case StepKind.AttemptByRelay:
                _frames.AddRange(sender.Attempt(isConnected: false, byRelay: true));
                break;
            case StepKind.AcknowledgmentOverdue:
                sender.Overdue(sender.Accepted[step.Index].Id, _recipient.IsUp);
                break;
            case StepKind.PauseOver:
                sender.Resume();
                break;
            case StepKind.WriteOutcomes:
                await sender.WriteOutcomesAsync();
                break;
            case StepKind.CrashSender:
                _crashes++;
                await sender.CrashAsync();
                break;
            case StepKind.Arrive:
                var frame = _frames[step.Index];
                _frames.RemoveAt(step.Index);
                await ArriveAsync(frame);
                break;
            case StepKind.HandOver:
                _frames.AddRange(await _relay.HandOverAsync(IndexOf));
                break;
            case StepKind.CrashRelay:
                _crashes++;
                await _relay.CrashAsync();
                break;
            case StepKind.CrashRecipient:
                _crashes++;
                await CrashRecipientAsync();
                break;
            case StepKind.StartRecipient:
                StartRecipient();
                break;
            case StepKind.ReadInbox:
                await _recipient.ReadInboxAsync();
                break;
            case StepKind.TimePasses:
                _timeSteps++;
                Pass(_bounds.TimeStep);
                break;
        }
    }

    /// <summary>What is wrong now; null if nothing is.</summary>
    public async Task<string?> ViolationAsync()
    {
        List<string> delivered = [.. _recipient.Read, .. await _recipient.InboxAsync()];
        if (delivered.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            return $"message {twice.Key} was delivered twice";
        foreach (var (sender, i) in _senders.Select((sender, i) => (sender, i)))
        {
            var stored = (await sender.Store.Messages.LoadPendingAsync(CancellationToken.None)).Select(record => record.Id).ToHashSet();
            foreach (var (record, n) in sender.Accepted.Select((record, n) => (record, n)))
            {
                if (await ViolationAsync(sender, record, stored.Contains(record.Id), delivered.Contains($"{i}.{n}")) is { } wrong)
                    return $"message {i}.{n} {wrong}";
            }
        }
        return null;
    }

    private async Task<string?> ViolationAsync(ModelSender sender, OutgoingRecord record, bool isStored, bool isDelivered)
    {
        var completed = await sender.CompletedAsync(record.Id);
        if (_ended.TryGetValue(record.Id, out var before) && completed != before)
            return $"was {before} and is {completed?.ToString() ?? "forgotten"}";
        if (completed is { } state)
            _ended[record.Id] = state;
        if (completed is not null && isStored)
            return "has ended and is pending";
        if (completed is null && !isStored)
            return "was accepted and is lost";
        var shown = await sender.StateAsync(record.Id);
        if (shown is null || (completed is not null && shown != completed))
            return $"is {completed?.ToString() ?? "pending"}, and its sender says {shown?.ToString() ?? "nothing"}";
        if (shown == MessageState.Acknowledged && !isDelivered)
            return "is acknowledged and in no inbox";
        return shown is MessageState.Expired or MessageState.Rejected && record.Ends > _clock.Steady
            ? $"is {shown} before its time to live is over"
            : null;
    }

    /// <summary>
    /// Nothing fails any more: every frame in flight is lost with its connection, everybody is up, and the senders retry. Then every
    /// message whose life is not over must end as acknowledged.
    /// </summary>
    public async Task<string?> SettleAsync()
    {
        var live = _senders.SelectMany(sender => sender.Accepted, (sender, record) => (sender, record))
            .Where(message => message.record.Ends > _clock.Steady).ToList();
        _frames.Clear();
        await CrashRecipientAsync();
        StartRecipient();
        foreach (var sender in _senders)
        {
            while (sender.CanAttempt)
            {
                _frames.AddRange(sender.Attempt(isConnected: true, byRelay: false));
                await CarryAllAsync();
            }
        }
        if ((await _relay.HeldAsync()).Count > 0)
            _frames.AddRange(await _relay.HandOverAsync(IndexOf));
        await CarryAllAsync();
        if ((await _relay.HeldAsync()).Count > 0)
            return "the relay keeps a message that it has handed over";
        foreach (var (sender, record) in live)
        {
            if (await sender.StateAsync(record.Id) is var state && state != MessageState.Acknowledged)
                return $"a message stays {state?.ToString() ?? "unknown"} though nothing fails any more";
        }
        return await ViolationAsync();
    }

    /// <summary>Two worlds with the same fingerprint have the same future.</summary>
    public async Task<string> FingerprintAsync()
    {
        var inbox = string.Join(',', (await _recipient.InboxAsync()).Order());
        var stored = new List<string>();
        foreach (var sender in _senders)
        {
            foreach (var record in sender.Accepted)
                stored.Add((await sender.CompletedAsync(record.Id))?.ToString() ?? "p");
        }
        return string.Join('|',
            [
                $"{_crashes} {_timeSteps} {_recipient.IsUp} {inbox} {string.Join(',', _recipient.Read.Order())} {string.Join(',', stored)}",
                .. _senders.Select(sender => sender.Fingerprint()),
                await _relay.FingerprintAsync(NameOf),
                string.Join(',', _frames.Select(NameOf).Order()),
            ]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var sender in _senders)
            await sender.Store.DisposeAsync();
        await _relay.Store.DisposeAsync();
        await _recipient.Store.DisposeAsync();
    }

    private IEnumerable<Step> StepsOf(int i)
    {
        var sender = _senders[i];
        if (sender.Accepted.Count < _bounds.Messages)
            yield return new Step(StepKind.Accept, i);
        if (sender.CanAttempt)
        {
            yield return new Step(StepKind.AttemptDirect, i);
            yield return new Step(StepKind.AttemptByRelay, i);
        }
        for (var n = 0; n < sender.Accepted.Count; n++)
        {
            if (sender.IsInFlight(sender.Accepted[n].Id))
                yield return new Step(StepKind.AcknowledgmentOverdue, i, n);
        }
        if (sender.IsPaused)
            yield return new Step(StepKind.PauseOver, i);
        if (sender.HasUnwritten)
            yield return new Step(StepKind.WriteOutcomes, i);
        if (_crashes < _bounds.Crashes && sender.Accepted.Count > 0)
            yield return new Step(StepKind.CrashSender, i);
    }

    private async Task ArriveAsync(FrameInFlight frame)
    {
        var sender = _senders[frame.Sender];
        switch (frame.Kind)
        {
            case FrameKind.Message or FrameKind.Handover when _recipient.IsUp:
                var answer = await _recipient.ReceiveAsync(frame, Identities[frame.Sender].Address);
                if (answer is { } status)
                    _frames.Add(new FrameInFlight(FrameKind.Acknowledgment, frame.Sender, frame.Id, Answer: status));
                if (frame.Kind == FrameKind.Handover)
                    _frames.Add(new FrameInFlight(FrameKind.HandedOver, frame.Sender, frame.Id, Answer: answer ?? AckStatus.Unspecified));
                break;
            case FrameKind.Relayed when _relay.PassOn(frame, _recipient.IsUp) is { } next:
                _frames.Add(next);
                break;
            case FrameKind.Deposit when await _relay.HoldAsync(frame) is { } deposited:
                _frames.Add(deposited);
                break;
            case FrameKind.Undeliverable:
                sender.OnUndeliverable(frame.Id);
                break;
            case FrameKind.Acknowledgment:
                sender.OnAcknowledged(frame.Id, frame.Answer);
                break;
            case FrameKind.Deposited:
                sender.OnDeposited(frame.Id);
                break;
            case FrameKind.HandedOver:
                await _relay.OnHandedOverAsync(frame, Identities[frame.Sender].Address);
                break;
        }
    }

    private async Task CarryAllAsync()
    {
        while (_frames.Count > 0)
        {
            var frame = _frames[0];
            _frames.RemoveAt(0);
            await ArriveAsync(frame);
        }
    }

    private async Task CrashRecipientAsync()
    {
        _recipient.IsUp = false;
        _relay.OnDisconnected();
        await _recipient.Store.CrashAsync();
    }

    private void StartRecipient()
    {
        _recipient.IsUp = true;
        foreach (var sender in _senders)
            sender.OnConnected();
    }

    private void Pass(TimeSpan time)
    {
        // No connection carries a frame for longer than a message may live.
        if (time > ModelSender.Life)
        {
            _frames.Clear();
            _relay.OnDisconnected();
        }
        _time.Advance(time);
        foreach (var sender in _senders)
            sender.Sweep();
    }

    private string NameOf(MessageId id)
    {
        for (var i = 0; i < _senders.Length; i++)
        {
            if (_senders[i].Accepted.FindIndex(record => record.Id == id) is >= 0 and var n)
                return $"{i}.{n}";
        }
        throw new InvalidOperationException("Nobody sent this message.");
    }

    private static int IndexOf(NodeAddress sender) => Array.FindIndex(Identities, identity => identity.Address == sender);

    private string NameOf(FrameInFlight frame) =>
        $"{frame.Kind} {NameOf(frame.Id)} {frame.Answer} {frame.Wire?.Age} {frame.Wire?.HopCount}";
}
