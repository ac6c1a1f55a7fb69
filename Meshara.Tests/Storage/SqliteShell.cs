using System.ComponentModel;
using System.Diagnostics;

namespace Meshara.Tests.Storage;

/// <summary>
/// The sqlite3 shell with an open database, as an operator uses it. It is a separate process, because SQLite detects no conflicts of POSIX
/// locks within a process.
/// </summary>
internal sealed class SqliteShell : IAsyncDisposable
{
    private readonly Process _process;
    private bool _hasQuit;

    private SqliteShell(Process process) => _process = process;

    /// <summary>Opens a database; skips the test if the shell is not installed.</summary>
    public static SqliteShell Open(string database)
    {
        try
        {
            return new SqliteShell(Process.Start(new ProcessStartInfo("sqlite3", ["-batch", "-bail", "-cmd", ".timeout 30000", database])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!);
        }
        catch (Win32Exception e)
        {
            Assert.Skip($"The sqlite3 shell is needed (apt-get install sqlite3): {e.Message}");
            throw;
        }
    }

    /// <summary>Executes a statement, and returns once it is done.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await _process.StandardInput.WriteLineAsync($"{sql};\n.print done");
        await _process.StandardInput.FlushAsync();
        Assert.Equal("done", await ReadAsync());
    }

    /// <summary>The first row of a query.</summary>
    public async Task<string?> QueryAsync(string sql)
    {
        await _process.StandardInput.WriteLineAsync($"{sql};");
        await _process.StandardInput.FlushAsync();
        return await ReadAsync();
    }

    /// <summary>Quits, as with <c>.quit</c>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_hasQuit)
            return;
        _hasQuit = true;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string?> ReadAsync() =>
        await _process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
}
