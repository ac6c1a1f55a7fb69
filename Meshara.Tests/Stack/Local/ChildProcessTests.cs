using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Tests.Stack.Local;

public sealed class ChildProcessTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<(string Line, bool IsError)> _lines = new();
    private readonly TaskCompletionSource<string> _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task What_a_child_prints_is_in_its_log_and_told_line_by_line()
    {
        await using var child = Start("echo out; echo err >&2; exit 3");

        Assert.Equal(3, await child.Exited.WaitAsync(Deadline, TestContext.Current.CancellationToken));
        Assert.Equal([("err", true), ("out", false)], _lines.Order());
        Assert.Equal(["err", "out"], child.Log.Tail.Order());
        Assert.Equal(["err", "out"], ReadLog().Order());
    }

    [Fact]
    public async Task A_child_is_asked_to_stop_by_the_end_of_its_input()
    {
        await using var child = Start("cat > /dev/null; echo bye");

        Assert.True(await child.StopAsync(Deadline, TestContext.Current.CancellationToken));
        Assert.Equal(0, await child.Exited);
        Assert.Equal(["bye"], child.Log.Tail);
    }

    [Fact]
    public async Task A_child_that_does_not_stop_is_ended_with_all_it_started()
    {
        await using var child = Start("sleep 600 & echo $!; wait");
        var id = await _firstLine.Task.WaitAsync(Deadline, TestContext.Current.CancellationToken);
        using var grandchild = Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture));

        Assert.False(await child.StopAsync(TimeSpan.FromMilliseconds(1), TestContext.Current.CancellationToken));
        await grandchild.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_second_request_ends_a_child_at_once()
    {
        using var kill = new CancellationTokenSource();
        await using var child = Start("exec sleep 600");
        var stopping = child.StopAsync(TimeSpan.FromHours(1), kill.Token);

        await kill.CancelAsync();

        Assert.False(await stopping.WaitAsync(Deadline, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_program_that_cannot_be_started_is_named()
    {
        var exception = Assert.Throws<StackException>(() => Start(new ProcessStartInfo(_folder.File("missing"))));

        Assert.StartsWith("node-1 cannot be started: ", exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private ChildProcess Start(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the children are written in sh");
        return Start(new ProcessStartInfo("/bin/sh", ["-c", script]));
    }

    private ChildProcess Start(ProcessStartInfo start) =>
        ChildProcess.Start("node-1", start, new ChildLog(_folder.File("node-1.log")), (line, isError) =>
        {
            _lines.Enqueue((line, isError));
            _firstLine.TrySetResult(line);
        });

    private string[] ReadLog()
    {
        using var reader = new StreamReader(new FileStream(_folder.File("node-1.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
