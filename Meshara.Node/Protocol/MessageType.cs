namespace Meshara.Node.Protocol;

/// <summary>The kind of message in an envelope. The values are those of the wire format.</summary>
internal enum MessageType
{
    Private = Wire.MessageType.Private,
    Broadcast = Wire.MessageType.Broadcast,
    Ack = Wire.MessageType.Ack,
}
