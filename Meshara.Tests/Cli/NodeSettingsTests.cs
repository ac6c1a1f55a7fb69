using Meshara.Node;
using Microsoft.Extensions.Configuration;

namespace Meshara.Tests.Cli;

public sealed class NodeSettingsTests
{
    [Fact]
    public void A_list_can_be_indexed_or_have_commas_and_the_one_with_commas_wins()
    {
        Assert.Equal(["tcp://a:1", "tcp://b:2"], From(("Mesh:Bootstrap:0", "tcp://a:1"), ("Mesh:Bootstrap:1", "tcp://b:2")).Mesh.Bootstrap);
        Assert.Equal(["tcp://c:3", "meshara://d"],
            From(("Mesh:Bootstrap:0", "tcp://a:1"), ("Mesh:Bootstrap:1", "tcp://b:2"), ("Mesh:Bootstrap", "tcp://c:3, meshara://d,")).Mesh.Bootstrap);
        Assert.Equal(["none"], From(("Mesh:Advertise", "none")).Mesh.Advertise);
    }

    [Fact]
    public void Beyond_loopback_a_token_is_needed_and_enough()
    {
        Assert.Equal("secret", From(("Api:Host", "0.0.0.0"), ("Api:Token", "secret")).Api.Token);
        Assert.Contains("Api__Token", Failure(("Api:Host", "0.0.0.0"), ("Api:Token", "")), StringComparison.Ordinal);
        Assert.Null(From(("Api:Host", "::1")).Api.Token);
    }

    [Theory]
    [InlineData("Api:Port", "http", "'http' at 'Api:Port'")]
    [InlineData("Api:Port", "65536", "Api:Port must be between 0 and 65535.")]
    [InlineData("Metrics:Port", "-1", "Metrics:Port must be between 0 and 65535.")]
    [InlineData("Node:StopWithInput", "perhaps", "Node:StopWithInput")]
    [InlineData("Node:DataDirectory", "", "Node:DataDirectory is empty.")]
    [InlineData("Api:Token", "two words", "Api:Token must be visible ASCII")]
    [InlineData("Delivery:MaxMessageBytes", "0", "Delivery:MaxMessageBytes must be between 1 and 1048576.")]
    [InlineData("Delivery:TimeToLive", "8.00:00:00", "Delivery:TimeToLive must be")]
    [InlineData("Delivery:RetryBase", "00:00:00", "Delivery:RetryBase must be positive")]
    [InlineData("Delivery:DrainTimeout", "-00:00:01", "Delivery:DrainTimeout must not be negative.")]
    public void A_setting_that_makes_no_sense_is_named(string key, string value, string reason) =>
        Assert.Contains(reason, Failure((key, value)), StringComparison.Ordinal);

    [Fact]
    public void Every_wrong_setting_is_named_at_once() => Assert.Equal(
        "Node:Name must be 1 to 63 letters, digits, '.', '-' or '_', and start with a letter or digit. Api:Port must be between 0 and 65535.",
        Failure(("Node:Name", "-"), ("Api:Port", "70000")));

    private static NodeSettings From(params (string Key, string? Value)[] settings) =>
        NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(pair => pair.Key, pair => pair.Value)).Build());

    private static string Failure(params (string Key, string? Value)[] settings)
    {
        var failure = Assert.Throws<MesharaException>(() => From(settings));
        Assert.Equal(ErrorCodes.Configuration, failure.Code);
        return failure.Message;
    }
}
