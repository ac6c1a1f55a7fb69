namespace Meshara.Node.Storage;

/// <summary>Logs evictions from the inbox, at most once a minute, since a flood evicts thousands a second.</summary>
internal sealed partial class EvictionLog(IMessageStore store, TimeProvider time, ILogger<EvictionLog> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        InboxEvictions told = default;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var now = store.Evictions;
            if (now == told)
                continue;
            if (now.Unread > told.Unread)
                Log.Aged(logger, now.Unread - told.Unread);
            if (now.Read > told.Read || now.Broadcasts > told.Broadcasts)
                Log.Evicted(logger, now.Read - told.Read, now.Broadcasts - told.Broadcasts);
            told = now;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "InboxEvicted", Level = LogLevel.Information,
            Message = "The inbox let go of {read} private messages that were read and of {broadcasts} broadcasts in the last minute")]
        public static partial void Evicted(ILogger logger, long read, long broadcasts);

        [LoggerMessage(EventName = "InboxAged", Level = LogLevel.Warning,
            Message = "{unread} private messages left the inbox unread at the end of Storage:MaxInboxAge")]
        public static partial void Aged(ILogger logger, long unread);
    }
}
