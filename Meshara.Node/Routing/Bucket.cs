using Meshara.Node.Protocol;
using Meshara.Node.Identity;

namespace Meshara.Node.Routing;

/// <summary>
/// One k-bucket with its replacement cache (Maymounkov and Mazières, "Kademlia", 2002, sections 2.2 and 4.1). Contacts that
/// were heard while the bucket was full wait in the cache, the one heard last first in line, until a contact fails. Not safe
/// for concurrent use.
/// </summary>
/// <param name="size">k, the most contacts, and the most that wait.</param>
internal sealed class Bucket(int size)
{
    // A contact that has failed this often may be replaced, and is no longer given to other nodes.
    private const int MaxFailures = 3;

    private readonly List<Contact> _contacts = new(Math.Min(size, 4));

    // Oldest first.
    private List<Contact>? _waiting;

    public IReadOnlyList<Contact> Contacts => _contacts;

    /// <summary>True if it holds k contacts that do not fail.</summary>
    public bool IsFull => _contacts.Count >= size && !_contacts.Exists(IsFailing);

    /// <summary>True if the contact may be named to other nodes.</summary>
    public static bool IsUsable(Contact contact, DateTimeOffset now) => !IsFailing(contact) && contact.Record.Expires > now;

    public bool Contains(NodeId id) => Find(_contacts, id) >= 0;

    /// <summary>Adds or refreshes a contact.</summary>
    /// <param name="record">Its record.</param>
    /// <param name="seen">When this node heard from the contact itself; null if another node named it.</param>
    /// <param name="now">The node's steady time.</param>
    /// <returns>True if the contact is in the bucket now.</returns>
    public bool Add(PeerRecord record, DateTimeOffset? seen, DateTimeOffset now)
    {
        var at = Find(_contacts, record.Id);
        if (at >= 0)
        {
            var old = _contacts[at];
            // A record from its owner is the newest one whatever its sequence, and an expired record blocks no other.
            var isNewer = record.Sequence > old.Record.Sequence || old.Record.Expires <= now;
            // A record signed since the contact failed shows that it is back or has moved, so it gets another try.
            _contacts[at] = seen is { } time ? new Contact(record, time, 0) : isNewer ? old with { Record = record, Failures = 0 } : old;
            return true;
        }
        var contact = new Contact(record, seen ?? DateTimeOffset.UnixEpoch, 0);
        if (_contacts.Count >= size && !Evict(other => IsFailing(other) || other.Record.Expires <= now) && !(seen is not null && Evict(IsHearsay)))
        {
            if (seen is not null)
                Wait(contact);
            return false;
        }
        _contacts.Add(contact);
        return true;
    }

    /// <summary>Notes that a contact has answered.</summary>
    public void Succeed(NodeId id, DateTimeOffset time)
    {
        if (Find(_contacts, id) is >= 0 and var at)
            _contacts[at] = _contacts[at] with { LastSeen = time, Failures = 0 };
    }

    /// <summary>
    /// Notes that a contact did not answer. If that was once too often, the contact heard last of those that wait takes its
    /// place. Without one it stays: after a partition, the two halves reconnect through the contacts that could not be reached.
    /// </summary>
    public void Fail(NodeId id, DateTimeOffset now)
    {
        if (Find(_contacts, id) is not (>= 0 and var at))
            return;
        _contacts[at] = _contacts[at] with { Failures = _contacts[at].Failures + 1 };
        _waiting?.RemoveAll(contact => contact.Record.Expires <= now);
        if (!IsFailing(_contacts[at]) || _waiting is not [.., var next])
            return;
        _contacts.RemoveAt(at);
        _contacts.Add(next);
        _waiting.RemoveAt(_waiting.Count - 1);
    }

    private static bool IsFailing(Contact contact) => contact.Failures >= MaxFailures;

    /// <summary>Contacts that were reached exist; records of nodes that do not exist are free to make.</summary>
    private static bool IsHearsay(Contact contact) => contact.LastSeen == DateTimeOffset.UnixEpoch;

    private static int Find(List<Contact> contacts, NodeId id) => contacts.FindIndex(contact => contact.Record.Id == id);

    private void Wait(Contact contact)
    {
        _waiting ??= [];
        if (Find(_waiting, contact.Record.Id) is >= 0 and var at)
            _waiting.RemoveAt(at);
        else if (_waiting.Count >= size)
            _waiting.RemoveAt(0);
        _waiting.Add(contact);
    }

    private bool Evict(Predicate<Contact> condition)
    {
        var worst = _contacts.FindIndex(condition);
        if (worst >= 0)
            _contacts.RemoveAt(worst);
        return worst >= 0;
    }
}
