using System.Diagnostics;
using System.Globalization;
using Meshara.Harness.Processes;

namespace Meshara.Tests.Stack.Local;

/// <summary>The guard as the host starts it: a process between the host and a program that is unaware of both.</summary>
public sealed class GuardTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_guarded_program_ends_when_the_guards_input_closes()
    {
        using var guard = Start("echo $$; exec sleep 600");
        using var program = await ProgramAsync(guard);

        guard.StandardInput.Close();

        await EndsAsync(program);
        await EndsAsync(guard);
        Assert.Equal(0, guard.ExitCode);
    }

    [Fact]
    public async Task The_guarded_program_ends_when_the_host_is_killed()
    {
        // A shell plays the host: only its end of the pipe keeps the guard's input open. It is killed with SIGKILL.
        using var folder = new TemporaryFolder();
        var pipe = folder.File("input");
        using var host = StartShell(
            $"mkfifo '{pipe}'; '{HostProgram.Lab}' {Guard.CommandName} sh -c 'echo $$; exec sleep 600' < '{pipe}' & exec 3> '{pipe}'; wait");
        using var program = await ProgramAsync(host);

        host.Kill();

        await EndsAsync(program);
    }

    [Fact]
    public async Task A_program_that_ignores_the_request_is_ended_all_the_same()
    {
        using var guard = Start("trap '' TERM; echo $$; exec sleep 600");
        using var program = await ProgramAsync(guard);

        guard.StandardInput.Close();

        await EndsAsync(program);
        await EndsAsync(guard);
    }

    [Fact]
    public async Task The_guard_ends_as_its_program_does()
    {
        using var guard = Start("exit 7");
        await EndsAsync(guard);

        Assert.Equal(7, guard.ExitCode);
    }

    [Fact]
    public async Task The_program_does_not_read_what_is_meant_for_the_guard()
    {
        using var guard = Start("cat; echo done");

        Assert.Equal("done", await guard.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Deadline, TestContext.Current.CancellationToken));
        await EndsAsync(guard);
    }

    private static Process Start(string script)
    {
        SkipWithoutShell();
        return Launch(HostProgram.Start(HostProgram.Lab, Guard.CommandName, "sh", "-c", script));
    }

    private static Process StartShell(string script)
    {
        SkipWithoutShell();
        return Launch(HostProgram.Start("/bin/sh", "-c", script));
    }

    private static void SkipWithoutShell() => Assert.SkipWhen(OperatingSystem.IsWindows(), "the guarded programs are written in sh");

    private static Process Launch(ProcessStartInfo start)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        return Process.Start(start)!;
    }

    private static async Task<Process> ProgramAsync(Process printer)
    {
        var line = await printer.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Deadline, TestContext.Current.CancellationToken);
        return Process.GetProcessById(int.Parse(line!, CultureInfo.InvariantCulture));
    }

    private static async Task EndsAsync(Process process)
    {
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
