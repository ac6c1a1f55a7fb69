using Meshara.Node.Identity;

namespace Meshara.Node.Storage.Sqlite;

internal sealed partial class WriteSession
{
    private Statement _findRequest = null!, _noteRequest = null!, _forgetRequests = null!;

    private void PrepareRequests()
    {
        _findRequest = Prepare("SELECT fingerprint, id, expires FROM requests WHERE key = ?1");
        _noteRequest = Prepare("INSERT INTO requests (key, fingerprint, id, expires) VALUES (?1, ?2, ?3, ?4)");
        _forgetRequests = Prepare("DELETE FROM requests WHERE key IN (SELECT key FROM requests WHERE expires <= ?1 ORDER BY expires LIMIT ?2)");
    }

    /// <summary>Null if the request was recorded and its message stored; otherwise the earlier request.</summary>
    public RequestRecord? AppendOnce(RequestRecord request, OutgoingRecord? message)
    {
        if (_findRequest.Bind(1, request.Key).Step())
        {
            var earlier = new RequestRecord(request.Key, _findRequest.Blob(0).ToArray(), _findRequest.Id(1), _findRequest.Time(2));
            _findRequest.Reset();
            return earlier;
        }
        _noteRequest.Bind(1, request.Key).Bind(2, request.Fingerprint.Span).Bind(3, request.Id).Bind(4, request.Expires).Execute();
        if (message is not null)
            Append(message);
        return null;
    }

    /// <summary>Records the owner of the messages, unless one is recorded already. Call it outside a transaction.</summary>
    public void Claim(NodeAddress owner)
    {
        using var claim = new Statement(_database, "INSERT INTO owner (one, address) SELECT 1, ?1 WHERE NOT EXISTS (SELECT 1 FROM owner)");
        claim.Bind(1, owner).Execute();
    }
}
