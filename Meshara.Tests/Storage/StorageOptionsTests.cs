using Meshara.Node;
using Meshara.Node.Storage;
using Microsoft.Extensions.Configuration;

namespace Meshara.Tests.Storage;

public sealed class StorageOptionsTests
{
    [Theory]
    [InlineData("full", StorageDurability.Full)]
    [InlineData("normal", StorageDurability.Normal)]
    [InlineData("memory", StorageDurability.Memory)]
    [InlineData(null, StorageDurability.Normal)]
    public void Durability_is_a_word(string? value, StorageDurability expected) =>
        Assert.Equal(expected, Load("Storage:Durability", value).Storage.Durability);

    [Theory]
    [InlineData("Storage:Durability", "eternal")]
    [InlineData("Storage:Durability", "7")]
    [InlineData("Storage:MaxInboxAge", "00:00:00")]
    [InlineData("Storage:MaxCompletedAge", "yesterday")]
    [InlineData("Storage:SlowCommit", "02:00:00")]
    [InlineData("Storage:MaxHeldMessages", "-1")]
    public void A_setting_that_makes_no_sense_is_named(string key, string value)
    {
        var refused = Assert.Throws<MesharaException>(() => Load(key, value));
        Assert.Equal(ErrorCodes.Configuration, refused.Code);
        Assert.Contains(key[(key.IndexOf(':', StringComparison.Ordinal) + 1)..], refused.Message, StringComparison.Ordinal);
    }

    private static NodeSettings Load(string key, string? value) =>
        NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection([new(key, value)]).Build());
}
