using System.ComponentModel.DataAnnotations;

namespace Meshara.Node;

/// <summary>Section <c>Mesh</c>: where peers connect, and how this node finds its first peers.</summary>
public sealed class MeshOptions
{
    /// <summary>
    /// The only value of <see cref="Advertise"/> that is not an endpoint: the signed peer record lists no endpoints of this
    /// node.
    /// </summary>
    public const string AdvertiseNone = "none";

    /// <summary>
    /// <c>HOST:PORT</c> that the transport listens on. The host is an IP address or <c>localhost</c>; port 0 picks a free port.
    /// </summary>
    [Required(ErrorMessage = "Mesh:Listen is empty.")]
    public string Listen { get; set; } = "0.0.0.0:8443";

    /// <summary>
    /// <c>HOST:PORT</c> entries for the signed peer record, or the single entry <c>none</c>; empty derives them from
    /// <see cref="Listen"/>. In configuration, a list or one comma-separated value.
    /// </summary>
    public IReadOnlyList<string> Advertise { get; set; } = [];

    /// <summary>
    /// <c>meshara://name</c>, <c>meshara://host:port</c> or <c>tcp://host:port</c> of nodes to join through; empty starts a
    /// mesh. In configuration, a list or one comma-separated value.
    /// </summary>
    public IReadOnlyList<string> Bootstrap { get; set; } = [];
}
