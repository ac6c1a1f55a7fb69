using System.Text.Json;
using System.Text.Json.Serialization;
using Meshara.Watch.Alerts;
using Meshara.Watch.Mesh;
using Meshara.Watch.Messages;
using Meshara.Watch.Nodes;

namespace Meshara.Watch;

/// <summary>
/// The JSON that is read from nodes and servers, and given to the page. Members that are not used are skipped; one that is needed and
/// missing, null or of another type makes the answer unusable.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(NodeAnswer))]
[JsonSerializable(typeof(HealthAnswer))]
[JsonSerializable(typeof(PeersAnswer))]
[JsonSerializable(typeof(TracesAnswer))]
[JsonSerializable(typeof(LogsAnswer))]
[JsonSerializable(typeof(MessageAnswer))]
[JsonSerializable(typeof(PrometheusAnswer))]
[JsonSerializable(typeof(List<AlertmanagerAlert>))]
[JsonSerializable(typeof(MeshView))]
[JsonSerializable(typeof(MessageTrail))]
[JsonSerializable(typeof(List<RecentMessage>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class WatchJson : JsonSerializerContext;
