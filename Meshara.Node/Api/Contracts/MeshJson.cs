using System.Text.Json;
using System.Text.Json.Serialization;
using Meshara.Node.Cli;
using Meshara.Node.Delivery;

namespace Meshara.Node.Api.Contracts;

/// <summary>
/// The single JSON form of the API, shared by the server and the command line's client. It is strict where a lenient reader
/// would hide a mistake: numbers in quotes, members given twice, and null or a missing member where a value is required.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    NumberHandling = JsonNumberHandling.Strict,
    AllowDuplicateProperties = false,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    Converters =
    [
        typeof(SnakeCaseEnumConverter<NodeState>),
        typeof(SnakeCaseEnumConverter<MessageState>),
        typeof(SnakeCaseEnumConverter<PeerDirection>),
        typeof(SnakeCaseEnumConverter<ReceivedType>),
    ])]
[JsonSerializable(typeof(NodeResponse))]
[JsonSerializable(typeof(PeersResponse))]
[JsonSerializable(typeof(RoutesResponse))]
[JsonSerializable(typeof(SendRequest))]
[JsonSerializable(typeof(BroadcastRequest))]
[JsonSerializable(typeof(AcceptedResponse))]
[JsonSerializable(typeof(MessageResponse))]
[JsonSerializable(typeof(InboxResponse))]
[JsonSerializable(typeof(TracesResponse))]
[JsonSerializable(typeof(LogsResponse))]
[JsonSerializable(typeof(LogLevelBody))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(KeyReport))]
internal sealed partial class MeshJson : JsonSerializerContext
{
    /// <summary>Gives ASP.NET Core's serializer these types and these rules; a resolver alone would add only the types.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        var rules = Default.Options;
        options.TypeInfoResolverChain.Insert(0, Default);
        options.PropertyNamingPolicy = rules.PropertyNamingPolicy;
        options.NumberHandling = rules.NumberHandling;
        options.PropertyNameCaseInsensitive = rules.PropertyNameCaseInsensitive;
        options.AllowDuplicateProperties = rules.AllowDuplicateProperties;
        options.RespectNullableAnnotations = rules.RespectNullableAnnotations;
        options.RespectRequiredConstructorParameters = rules.RespectRequiredConstructorParameters;
        foreach (var converter in rules.Converters)
            options.Converters.Add(converter);
    }
}

/// <summary>Writes enumerations by name in snake case, never by number.</summary>
internal sealed class SnakeCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
