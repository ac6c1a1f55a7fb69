using System.Text.Json;

namespace Meshara.Watch.Mesh;

/// <summary>A view, and its JSON, which every reader shares.</summary>
internal sealed class WatchedView(MeshView view)
{
    private readonly Lazy<byte[]> _json = new(() => JsonSerializer.SerializeToUtf8Bytes(view, WatchJson.Default.MeshView));

    /// <summary>The view.</summary>
    public MeshView View => view;

    /// <summary>Compact JSON without line breaks.</summary>
    public byte[] Json => _json.Value;
}
