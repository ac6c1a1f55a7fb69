namespace Meshara.Lab.Peers;

/// <summary>A message broker with a queue, a client that sends to it and one that receives from it, all over TLS.</summary>
internal interface IBroker : IAsyncDisposable
{
    /// <summary>Its name in the report.</summary>
    string Name { get; }

    /// <summary>The server's version.</summary>
    string Version { get; }

    /// <summary>What it promises.</summary>
    Promise Promise { get; }

    /// <summary>The server's processes.</summary>
    IReadOnlyList<int> Processes { get; }

    /// <summary>Sends a message; completes when the broker has confirmed it. Safe for concurrent use.</summary>
    Task SendAsync(byte[] content, CancellationToken cancellationToken);
}
