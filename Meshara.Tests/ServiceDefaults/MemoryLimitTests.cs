using Meshara.ServiceDefaults;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.ServiceDefaults;

public sealed class MemoryLimitTests : IDisposable
{
    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void The_least_limit_of_a_group_and_all_above_it_counts()
    {
        Limit("memory.max", "max");
        Limit("system.slice/memory.max", "1610612736");
        Limit("system.slice/meshara.service/memory.max", "402653184");
        Limit("system.slice/other.service/memory.max", "1000");

        Assert.Equal(402653184, Read("0::/system.slice/meshara.service"));
        Assert.Equal(1610612736, Read("0::/system.slice"));
        Assert.Null(Read("0::/"));
    }

    [Fact]
    public void A_container_sees_its_limit_at_the_top()
    {
        Limit("memory.max", "402653184");
        Assert.Equal(402653184, Read("0::/"));
        Assert.Equal(402653184, Read("0::/docker/0123456789abcdef")); // without a namespace of its own: the path is the one outside
    }

    [Fact]
    public void Groups_of_version_1_have_a_controller_for_memory()
    {
        Limit("memory/memory.limit_in_bytes", "9223372036854771712");
        Limit("memory/docker/a/memory.limit_in_bytes", "402653184");
        Limit("cpu/docker/b/memory.limit_in_bytes", "1");
        Assert.Equal(402653184, Read("9:name=systemd:/docker/b", "4:memory:/docker/a", "1:cpu:/docker/b", "0::/"));
    }

    [Fact]
    public void What_is_no_line_of_a_group_or_no_number_limits_nothing()
    {
        Limit("a/memory.max", "-5");
        Assert.Null(Read("", "0:", "nonsense", "0::/a"));
    }

    [Fact]
    public void A_process_may_have_at_least_what_it_uses()
    {
        var resources = new ProcessResources(TimeProvider.System);
        Assert.InRange(resources.MemoryLimitBytes, resources.WorkingSetBytes, 1L << 50);
    }

    private void Limit(string file, string text)
    {
        var path = Path.Combine(_root.Path, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text + "\n");
    }

    private long? Read(params string[] membership) => ProcessResources.ControlGroupLimit(_root.Path, membership);
}
