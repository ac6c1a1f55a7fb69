using CsCheck;
using Google.Protobuf;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Protocol;

public sealed class SealedPayloadViewTests
{
    private static readonly Gen<byte[]> Bytes = Gen.Byte.Array[0, 300];

    [Fact]
    public void It_reads_what_the_generated_code_writes() => Gen.Select(Bytes, Gen.ULong, Bytes).Sample((key, sequence, ciphertext) =>
    {
        var written = new SealedPayload { EncapsulatedKey = ByteString.CopyFrom(key), Sequence = sequence, Ciphertext = ByteString.CopyFrom(ciphertext) }.ToByteArray();
        Assert.True(SealedPayloadView.TryRead(written, out var view));
        Assert.Equal(key, view.EncapsulatedKey);
        Assert.Equal(sequence, view.Sequence);
        Assert.Equal(ciphertext, view.Ciphertext);
    });

    [Fact]
    public void Fields_may_come_in_any_order_more_than_once_and_with_others_between_them()
    {
        // Field 9 of each wire type, then sequence, ciphertext, key, and another ciphertext.
        byte[] bytes = [0x48, 0x80, 0x01, 0x49, 1, 2, 3, 4, 5, 6, 7, 8, 0x4A, 2, 9, 9, 0x4D, 1, 2, 3, 4, 0x10, 0x96, 0x01, 0x1A, 1, 7, 0x0A, 2, 5, 6, 0x1A, 1, 8];
        Assert.True(SealedPayloadView.TryRead(bytes, out var view));
        Assert.Equal<byte>([5, 6], view.EncapsulatedKey);
        Assert.Equal(150UL, view.Sequence);
        Assert.Equal<byte>([8], view.Ciphertext);
        Assert.Equal(SealedPayload.Parser.ParseFrom(bytes).Sequence, view.Sequence);
    }

    [Fact]
    public void Whatever_it_is_given_it_agrees_with_the_generated_parser() => Bytes.Sample(bytes =>
    {
        SealedPayload parsed;
        try
        {
            parsed = SealedPayload.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return; // The view may accept unknown fields that are malformed inside; it just must not throw.
        }
        if (!SealedPayloadView.TryRead(bytes, out var view))
            return; // Groups are obsolete: the parser skips them, the view refuses them.
        Assert.Equal(parsed.Ciphertext.Span, view.Ciphertext);
        Assert.Equal(parsed.Sequence, view.Sequence);
    });

    [Theory]
    [InlineData(0x0A, 5, 1)] // longer than what follows
    [InlineData(0x10)] // no number
    [InlineData(0x10, 0x80)] // half a number
    [InlineData(0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01)] // a length that is negative as a signed number
    [InlineData(0x02, 0)] // field 0
    public void What_is_not_protobuf_is_refused(params int[] bytes) => Assert.False(SealedPayloadView.TryRead([.. bytes.Select(value => (byte)value)], out _));
}
