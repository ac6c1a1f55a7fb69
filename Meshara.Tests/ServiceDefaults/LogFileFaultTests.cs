using System.Text;
using System.Text.Json;
using Meshara.ServiceDefaults.Logging;
using Meshara.Tests.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.ServiceDefaults;

/// <summary>Log files that are deleted while in use, or are on a volume that fills up.</summary>
public sealed class LogFileFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-logs-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _reports = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_log_file_that_is_deleted_is_begun_anew_and_said_once()
    {
        using var sink = Open(_folder);
        Assert.Equal(0, Write(sink, 1));
        File.Delete(Assert.Single(Directory.GetFiles(_folder)));
        WriteForSeconds(sink, 10);
        Assert.Contains(Numbers(Assert.Single(Directory.GetFiles(_folder))), number => number > 100);
        Assert.Single(_reports);
    }

    [Fact]
    public void A_log_folder_that_is_deleted_is_made_again_and_said_once()
    {
        var folder = Path.Combine(_folder, "logs");
        using var sink = Open(folder);
        Assert.Equal(0, Write(sink, 1));
        Directory.Delete(folder, recursive: true);
        WriteForSeconds(sink, 10);
        Assert.Contains(Numbers(Assert.Single(Directory.GetFiles(folder))), number => number > 100);
        Assert.Single(_reports);
    }

    [Fact]
    public void A_line_that_a_full_volume_broke_does_not_spoil_the_next()
    {
        using var volume = TestVolume.Mount(mebibytes: 1);
        var ballast = Path.Combine(volume.Path, "ballast");
        File.WriteAllBytes(ballast, new byte[512 * 1024]);
        using (var sink = Open(volume.Path))
        {
            for (var i = 0; Write(sink, i) == 0; i++)
                Assert.True(i < 10_000, "The volume never became full.");
            File.Delete(ballast);
            _time.Advance(new LogOutputOptions().FileRetryInterval);
            for (var i = 1_000_000; i < 1_000_010; i++)
                Assert.Equal(0, Write(sink, i));
        }
        var after = Directory.GetFiles(volume.Path, "*.log").SelectMany(Numbers).Where(number => number >= 1_000_000);
        Assert.Equal(Enumerable.Range(1_000_000, 10), after.Order());
    }

    private RollingFileSink Open(string folder) => new(folder, "node", new LogOutputOptions(), _time, _reports.Add, _reports.Add);

    private static int Write(RollingFileSink sink, int number) =>
        sink.Write([Encoding.UTF8.GetBytes($$"""{"number":{{number}},"filler":"{{new string('x', 300)}}"}""" + "\n")]);

    private void WriteForSeconds(RollingFileSink sink, int seconds)
    {
        for (var second = 1; second <= seconds; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            for (var i = 0; i < 10; i++)
                Write(sink, 100 * second + i);
        }
    }

    /// <summary>The numbers of the intact lines.</summary>
    private static List<int> Numbers(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var numbers = new List<int>();
        foreach (var line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                numbers.Add(JsonDocument.Parse(line).RootElement.GetProperty("number").GetInt32());
            }
            catch (JsonException)
            {
                // The line that the full volume truncated.
            }
        }
        return numbers;
    }
}
