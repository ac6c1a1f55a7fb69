using System.Globalization;
using System.Security.Cryptography;
using CsCheck;
using Meshara.Node.Protocol;

namespace Meshara.Tests.Protocol;

public sealed class MerkleTreeTests
{
    // Entries and roots from the tests of Certificate Transparency implementations; 2 to 8 entries.
    private static readonly string[] Entries =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", string.Concat(Enumerable.Range(0x60, 16).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)))];

    [Theory]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void Roots_are_those_of_Certificate_Transparency(int size, string root) =>
        Assert.Equal(root, Convert.ToHexStringLower(MerkleTree.Build(Leaves(Entries.Take(size).Select(Convert.FromHexString)))[^1]));

    [Fact]
    public void Every_entry_of_every_tree_has_a_proof_that_leads_to_the_root()
    {
        for (var size = 1; size <= 40; size++)
        {
            var levels = MerkleTree.Build(Random(size));
            for (var i = 0; i < size; i++)
                Assert.Equal(levels[^1], Root(Leaf(levels, i), (uint)i, (uint)size, MerkleTree.Path(levels, i)));
        }
    }

    [Fact]
    public void No_other_entry_place_size_or_proof_leads_to_the_root() =>
        Gen.Select(Gen.Int[2, 16], Gen.Int[0, 15], Gen.Int[0, 5], Gen.Int[0, 10_000]).Sample((size, at, what, position) =>
        {
            var levels = MerkleTree.Build(Random(size));
            var index = at % size;
            var leaf = Leaf(levels, index);
            var path = MerkleTree.Path(levels, index);
            var (changedIndex, changedSize) = ((uint)index, (uint)size);
            switch (what)
            {
                case 0: leaf[position % leaf.Length] ^= (byte)(1 << position % 8); break;
                case 1: path[position % path.Length] ^= (byte)(1 << position % 8); break;
                case 2: path = path[..^MerkleTree.HashSize]; break;
                case 3: path = [.. path, .. RandomNumberGenerator.GetBytes(MerkleTree.HashSize)]; break;
                case 4: changedIndex = (uint)((index + 1 + position % (size - 1)) % size); break;
                default: path = path[..^1]; break;
            }
            var root = Root(leaf, changedIndex, changedSize, path);
            return root is null || !root.AsSpan().SequenceEqual(levels[^1]);
        }, iter: 2000);

    [Fact]
    public void A_place_outside_the_tree_has_no_root() => Assert.Null(Root(new byte[MerkleTree.HashSize], 3, 3, new byte[MerkleTree.HashSize]));

    private static byte[]? Root(byte[] leaf, uint index, uint size, byte[] path)
    {
        var root = new byte[MerkleTree.HashSize];
        return MerkleTree.TryGetRoot(leaf, index, size, path, root) ? root : null;
    }

    private static byte[] Leaf(List<byte[]> levels, int index) => levels[0][(index * MerkleTree.HashSize)..((index + 1) * MerkleTree.HashSize)];

    private static byte[] Random(int size) => Leaves(Enumerable.Range(0, size).Select(_ => RandomNumberGenerator.GetBytes(20)));

    private static byte[] Leaves(IEnumerable<byte[]> entries) => [.. entries.SelectMany(entry =>
    {
        var hash = new byte[MerkleTree.HashSize];
        MerkleTree.HashLeaf(entry, hash);
        return hash;
    })];
}
