namespace Meshara.Node;

/// <summary>
/// Divides the process's limit on open files among its ports. Without a spare file descriptor the runtime cannot even load a
/// library and ends the process, so inbound connections must never use up the last ones.
/// </summary>
internal static class ConnectionBudget
{
    /// <summary>
    /// Files that a node itself keeps open (about 300, mostly libraries), and spares for those it opens now and then.
    /// </summary>
    public const int Reserved = 400;

    /// <summary>With a lower limit a node does not start.</summary>
    public const int Least = Reserved + 64;

    /// <summary>Lowers the configured connection limits to fit.</summary>
    /// <returns>True if any limit was lowered.</returns>
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

    /// <summary>
    /// Fits the peer connections, counting also inbound ones in or waiting for their handshake, dials, and connections that are
    /// closing.
    /// </summary>
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
