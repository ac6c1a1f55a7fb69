using Microsoft.AspNetCore.Connections;

namespace Meshara.Node.Api;

/// <summary>One connection to an HTTP port, and whether it has a request under way. A feature of all its requests.</summary>
internal sealed class PortConnection(ConnectionContext context, TimeProvider time)
{
    private int _requests;
    private long _idleSince = time.GetTimestamp();

    /// <summary>True while no request is under way.</summary>
    public bool IsIdle => Volatile.Read(ref _requests) == 0;

    /// <summary>When it became idle, as a timestamp.</summary>
    public long IdleSince => Volatile.Read(ref _idleSince);

    /// <summary>Closes it to make room for another.</summary>
    public void Abort() => context.Abort(new ConnectionAbortedException("It was idle, and another one needed its place."));

    /// <summary>Counts the request as under way until it ends.</summary>
    public static async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<PortConnection>() is not { } connection)
        {
            await next(context);
            return;
        }
        Interlocked.Increment(ref connection._requests);
        try
        {
            await next(context);
        }
        finally
        {
            Volatile.Write(ref connection._idleSince, connection.Now);
            Interlocked.Decrement(ref connection._requests);
        }
    }

    private long Now => time.GetTimestamp();
}
