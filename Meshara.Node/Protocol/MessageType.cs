namespace Meshara.Node.Protocol;

/// <summary>What an envelope carries. The numbers are those of the wire format.</summary>
internal enum MessageType
{
    Private = Wire.MessageType.Private,
    Broadcast = Wire.MessageType.Broadcast,
    Ack = Wire.MessageType.Ack,
}
