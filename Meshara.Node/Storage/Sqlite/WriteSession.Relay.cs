using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage.Sqlite;

internal sealed partial class WriteSession
{
    private static readonly byte[] Everybody = [];

    private Statement _relayUsage = null!, _isHeld = null!, _hold = null!, _forgetHeld = null!, _release = null!, _clearPeers = null!, _savePeer = null!;

    private void PrepareRelay()
    {
        _isHeld = Prepare("SELECT 1 FROM relayed WHERE sender = ?1 AND id = ?2");
        _relayUsage = Prepare("SELECT messages, bytes FROM relay_usage WHERE sender = ?1");
        _hold = Prepare("INSERT INTO relayed (sender, id, recipient, expires, size, envelope, network) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        _forgetHeld = Prepare("DELETE FROM relayed WHERE seq IN (SELECT seq FROM relayed WHERE expires <= ?1 ORDER BY expires LIMIT ?2)");
        _release = Prepare("DELETE FROM relayed WHERE sender = ?1 AND id = ?2");
        _clearPeers = Prepare("DELETE FROM peers");
        _savePeer = Prepare("INSERT INTO peers (position, record) VALUES (?1, ?2)");
    }

    public HoldResult Hold(HeldMessage message)
    {
        if (Exists(_isHeld.Bind(1, message.Sender).Bind(2, message.Id)))
            return HoldResult.Duplicate;
        if (IsOverQuota(message) && (_forgetHeld.Bind(1, _clock.Steady).Bind(2, RowsPerSlice).Execute() == 0 || IsOverQuota(message)))
            return HoldResult.OverQuota;
        _hold.Bind(1, message.Sender).Bind(2, message.Id).Bind(3, message.Recipient).Bind(4, message.Expires)
            .Bind(5, message.Envelope.Length).Bind(6, message.Envelope.Span).Bind(7, message.Network).Execute();
        return HoldResult.Held;
    }

    public bool Release(IReadOnlyCollection<(NodeAddress Sender, MessageId Id)> messages)
    {
        foreach (var (sender, id) in messages)
            _release.Bind(1, sender).Bind(2, id).Execute();
        return true;
    }

    public bool SavePeers(IReadOnlyCollection<PeerRecord> peers)
    {
        _clearPeers.Execute();
        var position = 0;
        foreach (var peer in peers)
            _savePeer.Bind(1, position++).Bind(2, peer.Wire).Execute();
        return true;
    }

    private bool IsOverQuota(HeldMessage message)
    {
        var size = message.Envelope.Length;
        Span<byte> key = stackalloc byte[NodeAddress.Size];
        message.Sender.CopyTo(key);
        return IsOverQuota(key, size, _options.MaxHeldMessagesPerSender, _options.MaxHeldBytesPerSender)
            || IsOverQuota(Everybody, size, _options.MaxHeldMessages, _options.MaxHeldBytes)
            || message.Network is { } network && network.TryWriteBytes(key, out var length)
            && IsOverQuota(key[..length], size, _options.MaxHeldMessagesPerNetwork, _options.MaxHeldBytesPerNetwork);
    }

    private bool IsOverQuota(ReadOnlySpan<byte> key, int size, long messages, long bytes)
    {
        long usedMessages = 0, usedBytes = 0;
        if (_relayUsage.Bind(1, key).Step())
        {
            (usedMessages, usedBytes) = (_relayUsage.Int64(0), _relayUsage.Int64(1));
            _relayUsage.Reset();
        }
        return usedMessages + 1 > messages || usedBytes + size > bytes;
    }

    private static bool Exists(Statement query)
    {
        var exists = query.Step();
        query.Reset();
        return exists;
    }
}
