using System.Collections.Concurrent;
using Meshara.Harness.Nodes;

namespace Meshara.Tests.Containers;

/// <summary>Private messages between nodes that come and go; keeps track of all accepted ones.</summary>
internal sealed class SteadyTraffic : IAsyncDisposable
{
    private const int PageSize = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<(NodeApi Api, string Address)> _nodes;
    private readonly ConcurrentBag<(int From, int To, string Id)> _accepted = [];
    private readonly Task _sending;

    private SteadyTraffic(IReadOnlyList<(NodeApi, string)> nodes)
    {
        _nodes = nodes;
        _sending = SendAsync();
    }

    /// <summary>Number of accepted messages.</summary>
    public int Accepted => _accepted.Count;

    /// <summary>Starts to send, from every node to every other in turn.</summary>
    public static async Task<SteadyTraffic> StartAsync(IEnumerable<NodeApi> nodes, CancellationToken test)
    {
        var known = new List<(NodeApi, string)>();
        foreach (var node in nodes)
            known.Add((node, (await node.TryGetIdentityAsync(test))!.Address));
        return new SteadyTraffic(known);
    }

    /// <summary>Stops sending.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _sending;
    }

    /// <summary>True if every accepted message has been acknowledged.</summary>
    public async Task<bool> IsAcknowledgedAsync(CancellationToken test)
    {
        foreach (var (from, _, id) in _accepted)
        {
            if ((await _nodes[from].Api.TryGetMessageAsync(id, test))?.State != "acknowledged")
                return false;
        }
        return true;
    }

    /// <summary>The accepted messages that are not in their recipient's inbox exactly once.</summary>
    public async Task<IReadOnlyList<string>> AstrayAsync(CancellationToken test)
    {
        var astray = new List<string>();
        for (var node = 0; node < _nodes.Count; node++)
        {
            var arrived = new List<string>();
            var after = 0L;
            while (await _nodes[node].Api.TryReadInboxAsync(after, PageSize, test) is { Messages.Count: > 0 } page)
            {
                arrived.AddRange(page.Messages.Select(message => message.Id));
                after = page.Next;
            }
            var counts = arrived.CountBy(id => id).ToDictionary();
            astray.AddRange(_accepted.Where(message => message.To == node && counts.GetValueOrDefault(message.Id) != 1)
                .Select(message => $"{message.Id} is {counts.GetValueOrDefault(message.Id)} times in the inbox of node-{node + 1}"));
        }
        return astray;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task SendAsync()
    {
        using var timer = new PeriodicTimer(Pause);
        for (var number = 0; await NextAsync(timer); number++)
        {
            var from = number % _nodes.Count;
            var to = (from + 1 + number / _nodes.Count % (_nodes.Count - 1)) % _nodes.Count;
            // A node that is down accepts nothing, and a call without an answer is no promise.
            var answer = await _nodes[from].Api.SendAsync(_nodes[to].Address, $"message {number}", CancellationToken.None);
            if (answer is { Acceptance: Acceptance.Accepted, Id: { } id })
                _accepted.Add((from, to, id));
        }
    }

    private async ValueTask<bool> NextAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
