
using Meshara.AppHost.Plan;

namespace Meshara.Tests.Containers;

public sealed class ImageChoiceTests
{
    [Fact]
    public void Nothing_is_required_and_every_tag_is_the_pinned_one_unless_somebody_says_so()
    {
        var choice = new ImageChoice(null, null);

        Assert.False(choice.IsRequired(ImageChoice.Node));
        Assert.All(ContainerImage.All, image => Assert.False(choice.IsRequired(ImageChoice.NameOf(image))));
        Assert.All(ContainerImage.All, image => Assert.Same(image, choice.Chosen(image)));
    }

    [Fact]
    public void Images_are_required_by_name_or_all_together()
    {
        var some = new ImageChoice("node, prometheus", null);
        Assert.Equal((true, true, false), (some.IsRequired("node"), some.IsRequired("prometheus"), some.IsRequired("grafana")));

        var all = new ImageChoice("all", null);
        Assert.True(all.IsRequired(ImageChoice.Compose));
        Assert.All(ContainerImage.All, image => Assert.True(all.IsRequired(ImageChoice.NameOf(image))));
    }

    [Fact]
    public void Another_tag_can_be_tried()
    {
        var choice = new ImageChoice(null, "grafana=latest");

        Assert.Equal(ContainerImage.Grafana with { Tag = "latest" }, choice.Chosen(ContainerImage.Grafana));
        Assert.Same(ContainerImage.Jaeger, choice.Chosen(ContainerImage.Jaeger));
    }

    [Theory]
    [InlineData("promeheus", null, "MESHARA_REQUIRE names 'promeheus', but there are only node, compose, prometheus, ")]
    [InlineData(null, "graphana=latest", "MESHARA_IMAGES names 'graphana', but there are only node, compose, prometheus, ")]
    [InlineData(null, "grafana", "MESHARA_IMAGES: 'grafana' needs a tag, as in grafana=latest.")]
    public void A_name_that_is_misspelt_is_an_error_and_not_a_test_that_never_runs(string? require, string? images, string message)
    {
        var error = Assert.Throws<FormatException>(() => new ImageChoice(require, images));
        Assert.StartsWith(message, error.Message);
    }
}
