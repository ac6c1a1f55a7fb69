using Google.Protobuf;

namespace Meshara.Node.Protocol;

/// <summary>Makes an envelope's payload, bound to the envelope's header where the payload is sealed.</summary>
internal delegate ByteString PayloadFactory(ReadOnlySpan<byte> header);
