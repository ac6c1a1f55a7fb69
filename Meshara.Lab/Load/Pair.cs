namespace Meshara.Lab.Load;

/// <summary>
/// Two nodes in two processes, connected over TLS on loopback. In a single process, each node would count the work of the other and share
/// its garbage collector. The processes are long-lived, because in a new one the JIT compiler dominates.
/// </summary>
internal sealed class Pair : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private Pair(DirectoryInfo folder, PairProcess sender, PairProcess recipient)
    {
        _folder = folder;
        Sender = sender;
        Recipient = recipient;
    }

    public PairProcess Sender { get; }

    public PairProcess Recipient { get; }

    /// <summary>Starts both nodes.</summary>
    /// <param name="settings">Configuration keys of both nodes; see <see cref="StartNode"/>.</param>
    /// <param name="environment">Environment variables of both processes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidOperationException">One could not start.</exception>
    public static async Task<Pair> StartAsync(
        IReadOnlyDictionary<string, string?> settings, IReadOnlyDictionary<string, string?> environment, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-lab-");
        PairProcess? recipient = null;
        try
        {
            recipient = await PairProcess.StartAsync(Order("recipient", null), environment, cancellationToken);
            return new Pair(folder, await PairProcess.StartAsync(Order("sender", $"tcp://{recipient.Mesh}"), environment, cancellationToken), recipient);
        }
        catch
        {
            if (recipient is not null)
                await recipient.DisposeAsync();
            folder.Delete(recursive: true);
            throw;
        }

        StartNode Order(string name, string? bootstrap) => new(name, Path.Combine(folder.FullName, name), bootstrap, settings);
    }

    /// <summary>Sends for a duration, waits until everything has arrived and is acknowledged, and returns the counts.</summary>
    /// <exception cref="InvalidOperationException">A message was lost, damaged or arrived twice.</exception>
    public async Task<PairResult> SendAsync(int payload, TimeSpan duration, PairPace load, CancellationToken cancellationToken)
    {
        await Recipient.AskAsync<CountBegun>(new BeginCount(), cancellationToken);
        await Sender.AskAsync<CountBegun>(new BeginCount(), cancellationToken);
        var sent = await Sender.AskAsync<MessagesSent>(new SendMessages([Recipient.Address], payload, duration, load), cancellationToken);
        var sender = await Sender.AskAsync<NodeCount>(new EndCount(0), cancellationToken);
        var recipient = await Recipient.AskAsync<NodeCount>(new EndCount(sent.Messages), cancellationToken);
        if (recipient.Arrivals != sent.Messages || recipient.Damaged > 0)
            throw new InvalidOperationException($"{sent.Messages} messages were sent, {recipient.Arrivals} arrived, {recipient.Damaged} of them damaged.");
        return new PairResult(sent.Messages, sent.Elapsed, sender, recipient);
    }

    /// <summary>Scrapes both nodes' metrics at an interval, as Prometheus would, until the result is disposed.</summary>
    public IAsyncDisposable Scrape(TimeSpan interval) => new Scrapes([Sender.Metrics, Recipient.Metrics], interval);

    public async ValueTask DisposeAsync()
    {
        await Sender.DisposeAsync();
        await Recipient.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private sealed class Scrapes : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _reading;

        public Scrapes(IEnumerable<Uri> targets, TimeSpan interval) => _reading = Task.WhenAll(targets.Select(target => ReadAsync(target, interval)));

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _reading;
            _stop.Dispose();
        }

        private async Task ReadAsync(Uri target, TimeSpan interval)
        {
            using var client = new HttpClient();
            using var timer = new PeriodicTimer(interval);
            try
            {
                while (await timer.WaitForNextTickAsync(_stop.Token))
                    await client.GetByteArrayAsync(target, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // Expected: the measurement has ended.
            }
        }
    }
}
