using System.ComponentModel.DataAnnotations;

namespace Meshara.Node;

/// <summary>Section <c>Node</c>: the node's name, files and lifetime.</summary>
public sealed class NodeOptions
{
    /// <summary>The operator's name for the node; 1 to 63 letters, digits, dots, dashes and underscores.</summary>
    [Required(ErrorMessage = "Node:Name is empty.")]
    [RegularExpression("[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
        ErrorMessage = "Node:Name must be 1 to 63 letters, digits, '.', '-' or '_', and start with a letter or digit.")]
    public string Name { get; set; } = "node-1";

    /// <summary>Folder of the key file and of everything the node stores; created if missing.</summary>
    [Required(ErrorMessage = "Node:DataDirectory is empty.")]
    public string DataDirectory { get; set; } = "./.meshara/node";

    /// <summary>
    /// A file whose first line is the passphrase that encrypts the key file; null leaves the key file unencrypted, protected by
    /// mode 0600.
    /// </summary>
    public string? PassphraseFile { get; set; }

    /// <summary>
    /// Drain and exit when standard input closes. A host can stop its child processes this way, and they notice when it dies.
    /// </summary>
    public bool StopWithInput { get; set; }
}
