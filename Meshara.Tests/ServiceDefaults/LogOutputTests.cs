using System.Globalization;
using System.Text.Json;
using Meshara.ServiceDefaults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Meshara.Tests.Telemetry;

namespace Meshara.Tests.ServiceDefaults;

[Collection(ExportCollection.Name)]
public sealed partial class LogOutputTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-logs-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Repeated_warnings_are_held_back_and_counted_once()
    {
        var time = new FakeTimeProvider();
        await using var service = await TestService.StartAsync(build: builder => builder.Services.AddSingleton<TimeProvider>(time));
        var logger = service.Logger("Meshara.Node.Transport");

        for (var i = 0; i < 25; i++)
            Log.DialFailed(logger, i);
        Log.Other(logger);
        time.Advance(TimeSpan.FromSeconds(10));
        var report = await service.Output.LineAsync(line => line.TryGetProperty("suppressed", out _), Cancelled);

        Assert.Equal(Enumerable.Range(0, 10), Attempts(service));
        Assert.Equal(
            ("WARN", "meshara::network", "DialFailed", 15),
            (report.GetProperty("level").GetString(), report.GetProperty("target").GetString(), report.GetProperty("event").GetString(), report.GetProperty("suppressed").GetInt32()));
        await service.Output.EventAsync("Other", Cancelled); // another event has a budget of its own

        // Counts start anew: a later report covers only what came after.
        for (var i = 0; i < 12; i++)
            Log.DialFailed(logger, 100 + i);
        time.Advance(TimeSpan.FromSeconds(10));
        await service.Output.LineAsync(line => line.TryGetProperty("suppressed", out var count) && count.GetInt32() == 2, Cancelled);
        Assert.Equal(Enumerable.Range(0, 10).Concat(Enumerable.Range(100, 10)), Attempts(service));
    }

    [Fact]
    public async Task What_was_held_back_is_reported_when_the_service_ends()
    {
        var service = await TestService.StartAsync(options => options.Logs.RepeatBudget = 1);
        var logger = service.Logger("Meshara.Node.Transport");
        for (var i = 0; i < 4; i++)
            Log.DialFailed(logger, i);

        await service.DisposeAsync();

        Assert.Equal(3, Assert.Single(service.Output.Lines, line => line.TryGetProperty("suppressed", out _)).GetProperty("suppressed").GetInt32());
    }

    [Fact]
    public async Task Milestones_are_never_held_back()
    {
        var service = await TestService.StartAsync(options => options.Logs.RepeatBudget = 1);
        var logger = service.Logger("Meshara.Node.Transport");
        for (var i = 0; i < 50; i++)
            Log.Milestone(logger, i);

        await service.DisposeAsync();

        Assert.Equal(Enumerable.Range(0, 50), Attempts(service));
    }

    [Fact]
    public async Task A_blocked_pipe_stops_nobody_and_costs_the_newest_lines_which_are_counted()
    {
        await using var service = await TestService.StartAsync(options => options.Logs.MaxQueuedBytes = 4096);
        var logger = service.Logger("Meshara.Node.Transport");
        service.Output.Block();
        Log.Milestone(logger, 0);
        await service.Output.Blocked.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);

        for (var i = 1; i <= 1000; i++)
            Log.Milestone(logger, i); // returns although nothing is written
        service.Output.Unblock();
        var notice = await service.Output.EventAsync("LogLinesLost", Cancelled);

        var written = Attempts(service);
        Assert.Equal(Enumerable.Range(0, written.Count), written);
        Assert.InRange(written.Count, 2, 100);
        Assert.Equal(1001 - written.Count, notice.GetProperty("lost").GetInt32());
        Assert.Equal("stdout", notice.GetProperty("output").GetString());
    }

    [Fact]
    public async Task A_full_disk_under_standard_output_loses_lines_and_nothing_else()
    {
        await using var service = await TestService.StartAsync();
        var logger = service.Logger("Meshara.Node.Transport");
        service.Output.Full = true;
        Log.Milestone(logger, 1);
        Assert.True(Flush(service));

        service.Output.Full = false;
        Log.Milestone(logger, 2);
        var notice = await service.Output.EventAsync("LogLinesLost", Cancelled);

        Assert.Equal([2], Attempts(service));
        Assert.InRange(notice.GetProperty("lost").GetInt32(), 1, 100);
        using var health = await service.GetAsync("/health");
        Assert.True(health.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Lost_lines_are_reported_even_when_nothing_more_is_logged()
    {
        await using var service = await TestService.StartAsync();
        service.Output.Full = true;
        Log.Milestone(service.Logger("Meshara.Node.Transport"), 1);
        Assert.True(Flush(service));

        service.Output.Full = false;

        await service.Output.EventAsync("LogLinesLost", Cancelled);
    }

    [Fact]
    public async Task Lost_lines_are_counted_for_each_output()
    {
        // A file in place of the folder: no log file can be created, as on a full volume.
        var folder = Path.Combine(_folder, "no-folder");
        await File.WriteAllTextAsync(folder, "", Cancelled);
        await using var service = await TestService.StartAsync(options => options.Logs.Directory = folder);
        Log.Milestone(service.Logger("Meshara.Node.Transport"), 1);
        Assert.True(Flush(service));

        using var scrape = await service.GetAsync("/metrics");
        var lines = (await scrape.Content.ReadAsStringAsync(Cancelled)).Split('\n');
        Assert.Contains("meshara_log_lines_lost_total{output=\"stdout\"} 0", lines);
        var lost = Assert.Single(lines, line => line.StartsWith("meshara_log_lines_lost_total{output=\"files\"} ", StringComparison.Ordinal));
        Assert.False(lost.EndsWith(" 0", StringComparison.Ordinal), lost);
    }

    [Fact]
    public async Task Log_files_are_named_after_the_node_and_hold_the_same_lines()
    {
        var service = await StartWithFilesAsync(_folder);
        Log.Milestone(service.Logger("Meshara.Node.Transport"), 7);
        await service.DisposeAsync();

        var file = Assert.Single(Directory.GetFiles(_folder));
        Assert.Matches(@"^node-1-\d{8}\.log$", Path.GetFileName(file));
        Assert.Equal(service.Output.Text, await File.ReadAllTextAsync(file, Cancelled));
    }

    [Fact]
    public async Task Log_files_roll_by_size_and_the_oldest_go()
    {
        var service = await StartWithFilesAsync(_folder, options => (options.Logs.MaxFileBytes, options.Logs.MaxFiles) = (1024, 3));
        for (var i = 0; i < 100; i++)
            Log.Milestone(service.Logger("Meshara.Node.Transport"), i);
        await service.DisposeAsync();

        var files = Directory.GetFiles(_folder, "*.log");
        Assert.Equal(3, files.Length);
        Assert.All(files, file => Assert.InRange(new FileInfo(file).Length, 1, 1024 + 512)); // lines are never split
        var kept = files.SelectMany(File.ReadAllLines).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("attempt", out _)).Select(line => line.GetProperty("attempt").GetInt32()).Order().ToArray();
        Assert.NotEmpty(kept);
        Assert.Equal(99, kept[^1]);
        Assert.Equal(Enumerable.Range(kept[0], kept.Length), kept);
    }

    [Fact]
    public async Task Files_of_days_long_ago_are_deleted()
    {
        var old = Path.Combine(_folder, $"node-1-{DateTime.Now.AddDays(-9).ToString("yyyyMMdd", CultureInfo.InvariantCulture)}.log");
        var recent = Path.Combine(_folder, $"node-1-{DateTime.Now.AddDays(-2).ToString("yyyyMMdd", CultureInfo.InvariantCulture)}.log");
        var foreign = Path.Combine(_folder, "node-10-20000101.log");
        foreach (var file in (string[])[old, recent, foreign])
            await File.WriteAllTextAsync(file, "{}\n", Cancelled);

        await (await StartWithFilesAsync(_folder)).DisposeAsync();

        Assert.False(File.Exists(old));
        Assert.True(File.Exists(recent));
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_is_reported_and_used_as_soon_as_it_can()
    {
        var time = new FakeTimeProvider();
        var blocked = Path.Combine(_folder, "logs");
        await File.WriteAllTextAsync(blocked, "a file where the folder should be", Cancelled);
        await using var service = await StartWithFilesAsync(blocked, time: time);
        var logger = service.Logger("Meshara.Node.Transport");

        Log.Milestone(logger, 1);
        var notice = await service.Output.EventAsync("LogFilesFailed", Cancelled);
        Assert.Equal(blocked, notice.GetProperty("directory").GetString());
        using (var health = await service.GetAsync("/health"))
            Assert.True(health.IsSuccessStatusCode);

        File.Delete(blocked);
        Assert.True(Flush(service));
        time.Advance(TimeSpan.FromSeconds(30));
        Log.Milestone(logger, 2);
        Assert.True(Flush(service));

        var lines = ReadShared(Assert.Single(Directory.GetFiles(blocked)));
        Assert.Equal(2, lines[0].GetProperty("attempt").GetInt32());
        Assert.InRange(lines[1].GetProperty("lost").GetInt32(), 1, 100);
        Assert.Single(service.Output.Lines, line => line.TryGetProperty("event", out var name) && name.GetString() == "LogFilesFailed");
    }

    [Fact]
    public async Task A_full_disk_under_the_log_files_loses_their_lines_and_nothing_else()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full, a device whose disk is always full, is Linux's");
        File.CreateSymbolicLink(Path.Combine(_folder, $"node-1-{DateTime.Now.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}.log"), "/dev/full");
        await using var service = await StartWithFilesAsync(_folder);

        Log.Milestone(service.Logger("Meshara.Node.Transport"), 1);
        var notice = await service.Output.EventAsync("LogFilesFailed", Cancelled);

        Assert.Contains("No space left", notice.GetProperty("reason").GetString(), StringComparison.Ordinal);
        using var health = await service.GetAsync("/health");
        Assert.True(health.IsSuccessStatusCode);
        Assert.Contains(1, Attempts(service));
    }

    private static Task<TestService> StartWithFilesAsync(string folder, Action<ServiceDefaultsOptions>? configure = null, TimeProvider? time = null) =>
        TestService.StartAsync(
            configure,
            builder => builder.Services.AddSingleton(time ?? TimeProvider.System),
            new() { ["MESHARA_LOG_DIR"] = folder });

    private static List<int> Attempts(TestService service) =>
        [.. service.Output.Lines.Where(line => line.TryGetProperty("attempt", out _)).Select(line => line.GetProperty("attempt").GetInt32())];

    private static bool Flush(TestService service) =>
        service.Services.GetServices<ILoggerProvider>().OfType<Meshara.ServiceDefaults.Logging.JsonLoggerProvider>().Single().Flush(TimeSpan.FromSeconds(30));

    private static List<JsonElement> ReadShared(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Dial failed", EventName = "DialFailed")]
        public static partial void DialFailed(ILogger logger, int attempt);

        [LoggerMessage(2, LogLevel.Warning, "Other", EventName = "Other")]
        public static partial void Other(ILogger logger);

        [LoggerMessage(3, LogLevel.Information, "Milestone", EventName = "Milestone")]
        public static partial void Milestone(ILogger logger, int attempt);
    }
}
