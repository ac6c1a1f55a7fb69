using System.Collections.Concurrent;
using System.Security.Cryptography;
using Meshara.Node;
using Meshara.Node.Identity;

namespace Meshara.Tests.Identity;

public sealed class HpkeTests
{
    // RFC 9180 appendix A.2.1.
    private static readonly byte[] Info = Convert.FromHexString("4f6465206f6e2061204772656369616e2055726e");
    private static readonly byte[] Ephemeral = Convert.FromHexString("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600");
    private static readonly byte[] Encapsulated = Convert.FromHexString("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
    private static readonly byte[] RecipientPublic = Convert.FromHexString("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
    private static readonly byte[] RecipientPrivate = Convert.FromHexString("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
    private static readonly byte[] Plaintext = Convert.FromHexString("4265617574792069732074727574682c20747275746820626561757479");

    // RFC 9180 appendix A.2.1.1: sequence number and ciphertext; the associated data is "Count-" and the number.
    private static readonly (ulong Sequence, string Ciphertext)[] Encryptions =
    [
        (0, "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"),
        (1, "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c"),
        (2, "71146bd6795ccc9c49ce25dda112a48f202ad220559502cef1f34271e0cb4b02b4f10ecac6f48c32f878fae86b"),
        (4, "63357a2aa291f5a4e5f27db6baa2af8cf77427c7c1a909e0b37214dd47db122bb153495ff0b02e9e54a50dbe16"),
        (255, "18ab939d63ddec9f6ac2b60d61d36a7375d2070c9b683861110757062c52b8880a5f6b3936da9cd6c23ef2a95c"),
        (256, "7a4a13e9ef23978e2c520fd4d2e757514ae160cd0cd05e556ef692370ca53076214c0c40d4c728d6ed9e727a5b"),
    ];

    [Fact]
    public void The_sender_makes_the_ciphertexts_of_RFC_9180()
    {
        using var sender = Hpke.SetupSender(RecipientPublic, Info, [.. Ephemeral]);
        Assert.Equal(Encapsulated, sender.EncapsulatedKey);
        var made = new Dictionary<ulong, string>();
        var ciphertext = new byte[Plaintext.Length + Hpke.TagSize];
        for (ulong number = 0; number <= 256; number++)
        {
            Assert.Equal(number, sender.Seal(AssociatedData(number), Plaintext, ciphertext));
            made[number] = Convert.ToHexStringLower(ciphertext);
        }
        Assert.All(Encryptions, expected => Assert.Equal(expected.Ciphertext, made[expected.Sequence]));
    }

    [Fact]
    public void The_receiver_opens_the_ciphertexts_of_RFC_9180_in_any_order()
    {
        using var receiver = Hpke.SetupReceiver(Encapsulated, RecipientPrivate, RecipientPublic, Info);
        Assert.NotNull(receiver);
        foreach (var (sequence, ciphertext) in Encryptions.Reverse())
        {
            var opened = new byte[Plaintext.Length];
            Assert.True(receiver.TryOpen(sequence, AssociatedData(sequence), Convert.FromHexString(ciphertext), opened));
            Assert.Equal(Plaintext, opened);
        }
    }

    [Fact]
    public void The_ephemeral_key_is_wiped_after_use()
    {
        var ephemeral = Ephemeral.ToArray();
        using var sender = Hpke.SetupSender(RecipientPublic, Info, ephemeral);
        Assert.All(ephemeral, b => Assert.Equal(0, b));
    }

    [Fact]
    public void Two_contexts_for_one_recipient_share_nothing()
    {
        using var first = Hpke.SetupSender(RecipientPublic, Info);
        using var second = Hpke.SetupSender(RecipientPublic, Info);
        Assert.NotEqual(first.EncapsulatedKey, second.EncapsulatedKey);
    }

    [Theory]
    [InlineData("recipient")]
    [InlineData("info")]
    [InlineData("sequence")]
    [InlineData("associated data")]
    [InlineData("ciphertext")]
    [InlineData("tag")]
    public void Nothing_opens_when_something_differs(string what)
    {
        using var other = NodeIdentity.Generate();
        using var receiver = what == "recipient"
            ? Hpke.SetupReceiver(Encapsulated, other.EncryptionPrivateKey, other.EncryptionPublicKey, Info)
            : Hpke.SetupReceiver(Encapsulated, RecipientPrivate, RecipientPublic, what == "info" ? [.. Info, 0] : Info);
        var ciphertext = Convert.FromHexString(Encryptions[0].Ciphertext);
        if (what is "ciphertext" or "tag")
            ciphertext[what == "tag" ? ^1 : 0] ^= 1;
        Assert.NotNull(receiver);
        Assert.False(receiver.TryOpen(what == "sequence" ? 1UL : 0, AssociatedData(what == "associated data" ? 1UL : 0), ciphertext, new byte[Plaintext.Length]));
    }

    [Fact]
    public void A_ciphertext_that_is_too_short_for_its_tag_does_not_open()
    {
        using var receiver = Hpke.SetupReceiver(Encapsulated, RecipientPrivate, RecipientPublic, Info);
        Assert.NotNull(receiver);
        for (var length = 0; length < Hpke.TagSize; length++)
            Assert.False(receiver.TryOpen(0, [], new byte[length], []));
    }

    /// <summary>Points whose multiples are all zero: 0, 1, and two of order 8 (Bernstein, "Curve25519", 2006).</summary>
    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void Points_of_small_order_agree_on_nothing(string point)
    {
        var key = Convert.FromHexString(point);
        Assert.Equal(ErrorCodes.Crypto, Assert.Throws<MesharaException>(() => Hpke.SetupSender(key, Info)).Code);
        Assert.Null(Hpke.SetupReceiver(key, RecipientPrivate, RecipientPublic, Info));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void An_encapsulated_key_of_another_length_sets_up_nothing(int length) =>
        Assert.Null(Hpke.SetupReceiver(new byte[length], RecipientPrivate, RecipientPublic, Info));

    [Fact]
    public void Concurrent_senders_never_use_a_sequence_number_twice()
    {
        using var sender = Hpke.SetupSender(RecipientPublic, Info);
        using var receiver = Hpke.SetupReceiver(sender.EncapsulatedKey, RecipientPrivate, RecipientPublic, Info);
        Assert.NotNull(receiver);
        var used = new ConcurrentDictionary<ulong, byte[]>();
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, number =>
        {
            var plaintext = BitConverter.GetBytes(number);
            var ciphertext = new byte[plaintext.Length + Hpke.TagSize];
            Assert.True(used.TryAdd(sender.Seal([], plaintext, ciphertext), ciphertext));
        });
        Assert.Equal(Enumerable.Range(0, 2000).Select(number => (ulong)number), used.Keys.Order());
        var opened = new ConcurrentBag<int>();
        Parallel.ForEach(used, message =>
        {
            var plaintext = new byte[sizeof(int)];
            Assert.True(receiver.TryOpen(message.Key, [], message.Value, plaintext));
            opened.Add(BitConverter.ToInt32(plaintext));
        });
        Assert.Equal(Enumerable.Range(0, 2000), opened.Order());
    }

    private static byte[] AssociatedData(ulong number) => System.Text.Encoding.ASCII.GetBytes($"Count-{number}");
}
