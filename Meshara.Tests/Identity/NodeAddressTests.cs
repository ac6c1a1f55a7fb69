using System.Security.Cryptography;
using CsCheck;
using Meshara.Node;
using Meshara.Node.Identity;

namespace Meshara.Tests.Identity;

public sealed class NodeAddressTests
{
    private static readonly Gen<byte[]> Keys = Gen.Byte.Array[32].Where(key => key.Any(b => b != 0));

    [Fact]
    public void Every_key_survives_its_text_form() => Keys.Sample(key =>
    {
        var text = new NodeAddress(key).ToString();
        return text.Length == NodeAddress.TextLength
            && NodeAddress.TryParse(text, out var parsed)
            && parsed.ToBytes().AsSpan().SequenceEqual(key);
    });

    [Fact]
    public void Addresses_order_as_their_bytes_do() => Gen.Select(Keys, Keys).Sample((left, right) =>
        Math.Sign(new NodeAddress(left).CompareTo(new NodeAddress(right))) == Math.Sign(left.AsSpan().SequenceCompareTo(right)));

    [Fact]
    public void Upper_case_is_the_same_address()
    {
        var address = new NodeAddress(RandomNumberGenerator.GetBytes(32));
        Assert.Equal(address, NodeAddress.Parse(address.ToString().ToUpperInvariant()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")] // all zero: no node
    [InlineData("1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")] // 1 is not in the alphabet
    [InlineData("baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")] // spare bits set: a second spelling
    public void What_is_not_an_address_is_refused(string? text)
    {
        Assert.False(NodeAddress.TryParse(text, out _));
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<MesharaException>(() => NodeAddress.Parse(text)).Code);
    }

    [Fact]
    public void The_alphabet_is_the_one_of_RFC_4648() =>
        Assert.Equal("mzxw6ytboi", Base32.Encode("foobar"u8));
}
