using Microsoft.AspNetCore.Connections;

namespace Meshara.Node.Api;

/// <summary>
/// The open connections of one HTTP port, limited in number. At the limit, a new connection replaces the one that has been idle
/// for longest; if all are busy, it is refused.
/// </summary>
internal sealed partial class PortConnections(string port, int limit, TimeProvider time, ILogger<PortConnections> logger)
{
    private readonly Lock _gate = new();
    private readonly HashSet<PortConnection> _open = [];

    /// <summary>Serves a connection until it ends or has to make room.</summary>
    public async Task RunAsync(ConnectionContext context, ConnectionDelegate next)
    {
        var connection = new PortConnection(context, time);
        if (!TryAdd(connection))
        {
            Log.Refused(logger, port, limit, $"{context.RemoteEndPoint}");
            context.Abort();
            return;
        }
        try
        {
            context.Features.Set(connection);
            await next(context);
        }
        finally
        {
            lock (_gate)
                _open.Remove(connection);
        }
    }

    private bool TryAdd(PortConnection connection)
    {
        PortConnection? idle = null;
        lock (_gate)
        {
            if (_open.Count >= limit)
            {
                idle = _open.Where(open => open.IsIdle).MinBy(open => open.IdleSince);
                if (idle is null)
                    return false;
                _open.Remove(idle);
            }
            _open.Add(connection);
        }
        if (idle is not null)
        {
            Log.Crowded(logger, port, limit);
            idle.Abort();
        }
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "PortCrowded", Level = LogLevel.Warning,
            Message = "All {limit} connections to the {port} port are in use: one without a request was closed for a new one")]
        public static partial void Crowded(ILogger logger, string port, int limit);

        [LoggerMessage(EventName = "PortFull", Level = LogLevel.Warning,
            Message = "All {limit} connections to the {port} port have a request under way: {remote} was refused")]
        public static partial void Refused(ILogger logger, string port, int limit, string remote);
    }
}
