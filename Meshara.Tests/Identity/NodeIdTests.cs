using CsCheck;
using Meshara.Node.Identity;

namespace Meshara.Tests.Identity;

public sealed class NodeIdTests
{
    private static readonly Gen<NodeId> Ids = Gen.Byte.Array[NodeId.Size].Select(bytes => new NodeId(bytes));

    [Fact]
    public void Every_id_survives_its_bytes() => Ids.Sample(id => new NodeId(id.ToBytes()) == id);

    [Fact]
    public void Distance_is_the_exclusive_or_read_as_a_number() => Gen.Select(Ids, Ids, Ids).Sample((target, left, right) =>
        Math.Sign(target.CompareDistance(left, right)) == Math.Sign(Xor(target, left).AsSpan().SequenceCompareTo(Xor(target, right))));

    [Fact]
    public void Nothing_is_closer_to_an_id_than_itself() => Gen.Select(Ids, Ids).Sample((id, other) =>
        id == other ? id.CompareDistance(id, other) == 0 : id.CompareDistance(id, other) < 0);

    [Fact]
    public void The_common_prefix_is_the_same_from_both_ends_and_ends_where_bits_differ() => Gen.Select(Ids, Ids).Sample((left, right) =>
        left.CommonPrefix(right) == right.CommonPrefix(left) && left.CommonPrefix(right) == LeadingZeros(Xor(left, right)));

    [Fact]
    public void A_longer_common_prefix_is_closer() => Gen.Select(Ids, Gen.Int[0, 254], Gen.Int[0, 1000]).Sample((id, prefix, seed) =>
    {
        var random = new Random(seed);
        return id.CompareDistance(id.RandomAtDistance(prefix + 1, random), id.RandomAtDistance(prefix, random)) < 0;
    });

    [Fact]
    public void A_random_id_at_a_distance_lands_in_that_bucket() => Gen.Select(Ids, Gen.Int[0, 255], Gen.Int[0, 1000]).Sample((id, prefix, seed) =>
        id.CommonPrefix(id.RandomAtDistance(prefix, new Random(seed))) == prefix);

    [Fact]
    public void An_id_is_the_hash_of_the_address()
    {
        // BLAKE2b-256 of 32 zero bytes, from b2sum -l 256.
        Assert.Equal("89eb0d6a8a691dae2cd15ed0369931ce0a949ecafa5c3f93f8121833646e15c3", NodeId.Of(new NodeAddress(new byte[32])).ToString());
    }

    private static byte[] Xor(NodeId left, NodeId right) => [.. left.ToBytes().Zip(right.ToBytes(), (a, b) => (byte)(a ^ b))];

    private static int LeadingZeros(byte[] bytes)
    {
        var whole = bytes.TakeWhile(b => b == 0).Count();
        return whole == bytes.Length ? 256 : whole * 8 + byte.LeadingZeroCount(bytes[whole]);
    }
}
