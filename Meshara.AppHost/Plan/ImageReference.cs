using System.Text.RegularExpressions;

namespace Meshara.AppHost.Plan;

/// <summary>The image of a node that a cluster pulls, such as <c>registry.example.org/meshara-node:0.1.0</c>.</summary>
/// <param name="Repository">Registry and name.</param>
/// <param name="Tag">Its tag; empty if only the digest names it.</param>
/// <param name="Digest">Its digest, <c>sha256:…</c>; empty if only the tag names it.</param>
internal sealed partial record ImageReference(string Repository, string Tag, string Digest)
{
    /// <summary>Reads a reference; null if it is malformed or has neither tag nor digest, which would mean <c>latest</c>.</summary>
    public static ImageReference? Parse(string text)
    {
        var match = Pattern().Match(text);
        var (tag, digest) = (match.Groups["tag"].Value, match.Groups["digest"].Value);
        return match.Success && (tag, digest) != ("", "") ? new ImageReference(match.Groups["repository"].Value, tag, digest) : null;
    }

    // The colon of a port is followed by a path, that of a tag is not.
    [GeneratedRegex(
        @"\A(?<repository>[a-z0-9][a-z0-9._/-]*(:[0-9]+/[a-z0-9._/-]+)?)(:(?<tag>\w[\w.-]{0,127}))?(@(?<digest>sha256:[0-9a-f]{64}))?\z")]
    private static partial Regex Pattern();
}
