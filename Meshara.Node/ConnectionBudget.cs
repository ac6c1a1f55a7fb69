namespace Meshara.Node;

/// <summary>
/// Shares the files that the process may have open among its ports. Without a file to spare the runtime cannot even load a library, and
/// ends the process; so strangers that connect must never get the last ones.
/// </summary>
internal static class ConnectionBudget
{
    /// <summary>What a node has open by itself: about 300, most of them its libraries, and what it opens now and then.</summary>
    public const int Reserved = 400;

    /// <summary>With fewer a node does not start.</summary>
    public const int Least = Reserved + 64;

    /// <summary>Lowers what the settings allow to what fits.</summary>
    /// <returns>True when that made a difference.</returns>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Configuration"/>: too few for a node.</exception>
    public static bool Fit(NodeSettings settings, int openFiles)
    {
        if (openFiles < Least)
            throw new MesharaException(ErrorCodes.Configuration, $"Only {openFiles} files and sockets may be open at once, and a node needs {Least}: "
                + "raise the limit (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of a container).");
        var spare = openFiles - Reserved;
        var api = Math.Min(settings.Api.MaxConnections, spare / 4);
        var metrics = Math.Min(settings.Metrics.MaxConnections, spare / 8);
        var isLess = api < settings.Api.MaxConnections || metrics < settings.Metrics.MaxConnections;
        settings.Api.MaxConnections = api;
        settings.Metrics.MaxConnections = metrics;
        return FitPeers(settings.Transport, spare - api - metrics) || isLess;
    }

    /// <summary>Besides connections: inbound ones whose handshake is under way or has its turn to come, dials, and some that are closing.</summary>
    private static bool FitPeers(Transport.TransportOptions transport, int sockets)
    {
        var closing = transport.MaxConnections / 8;
        if (transport.MaxConnections + 2 * transport.MaxInboundHandshakes + transport.MaxDials + closing <= sockets)
            return false;
        var share = Math.Max(1, sockets / 8);
        transport.MaxInboundHandshakes = Math.Min(transport.MaxInboundHandshakes, share);
        transport.MaxDials = Math.Min(transport.MaxDials, share);
        transport.MaxConnections = Math.Min(transport.MaxConnections, sockets - 4 * share);
        transport.HighWater = Math.Min(transport.HighWater, Math.Max(1, transport.MaxConnections * 7 / 8));
        transport.LowWater = Math.Min(transport.LowWater, Math.Max(1, transport.MaxConnections * 3 / 4));
        return true;
    }
}
