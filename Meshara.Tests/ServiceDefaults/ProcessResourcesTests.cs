using Meshara.ServiceDefaults;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.ServiceDefaults;

public sealed class ProcessResourcesTests
{
    [Fact]
    public void Two_busy_cores_are_200_percent_and_readings_in_quick_succession_agree()
    {
        var time = new FakeTimeProvider();
        var used = TimeSpan.FromSeconds(40);
        var resources = new ProcessResources(time, () => used);
        Assert.Equal(0, resources.CpuPercent);

        (used, _) = (used + TimeSpan.FromSeconds(20), Advance(time, 10));
        Assert.Equal(200, resources.CpuPercent);

        (used, _) = (used + TimeSpan.FromSeconds(0.9), Advance(time, 0.9));
        Assert.Equal(200, resources.CpuPercent); // a health request right after a scrape

        (used, _) = (used + TimeSpan.FromSeconds(0.1), Advance(time, 1.1));
        Assert.Equal(50, resources.CpuPercent, 6);

        Advance(time, 5);
        Assert.Equal(0, resources.CpuPercent);
    }

    [Fact]
    public void The_operating_systems_own_figures_are_plausible()
    {
        var resources = new ProcessResources(TimeProvider.System);

        Assert.InRange(resources.WorkingSetBytes, 1024 * 1024, 1L << 40);
        Assert.InRange(resources.CpuPercent, 0, 100 * Environment.ProcessorCount + 1);
        // The figure is present, or its absence is explained; it is never zero by default.
        Assert.Equal(resources.StorageIoUnavailable is null, resources.StorageIo is not null);
        if (OperatingSystem.IsWindows() || OperatingSystem.IsMacOS())
            Assert.Null(resources.StorageIoUnavailable);
    }

    [Fact]
    public void Written_bytes_grow_with_what_is_written_to_disk()
    {
        var resources = new ProcessResources(TimeProvider.System);
        Assert.SkipWhen(resources.StorageIoUnavailable is not null, resources.StorageIoUnavailable ?? "");
        var folder = Directory.CreateTempSubdirectory("meshara-io-");
        try
        {
            // On tmpfs nothing reaches storage, so nothing is counted.
            Assert.SkipWhen(OperatingSystem.IsLinux() && new DriveInfo(folder.FullName).DriveFormat == "tmpfs", "the temporary folder is in memory");
            var before = resources.StorageIo!.Value;
            using (var file = new FileStream(Path.Combine(folder.FullName, "data"), FileMode.CreateNew))
            {
                file.Write(new byte[1024 * 1024]);
                file.Flush(flushToDisk: true);
            }

            Assert.InRange(resources.StorageIo!.Value.WrittenBytes - before.WrittenBytes, 1024 * 1024, long.MaxValue);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("rchar: 9\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1", true, 4096, 8192)]
    [InlineData("rchar: 9\nwchar: 9", false, 0, 0)]
    [InlineData("", false, 0, 0)]
    public void The_kernels_table_is_read_by_name(string table, bool known, long read, long written)
    {
        Assert.Equal(known, ProcessResources.ParseLinux(table.Split('\n'), out var io));
        Assert.Equal(new StorageIo(read, written), io);
    }

    private static FakeTimeProvider Advance(FakeTimeProvider time, double seconds)
    {
        time.Advance(TimeSpan.FromSeconds(seconds));
        return time;
    }
}
