using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Meshara.Harness.Processes;
using Microsoft.Win32.SafeHandles;

namespace Meshara.Harness.Network;

/// <summary>A network namespace (network_namespaces(7)) in which this program creates sockets. Requires root.</summary>
/// <param name="path">A file that refers to it, such as <c>/run/netns/NAME</c> or <c>/proc/PID/ns/net</c>.</param>
[SupportedOSPlatform("linux")]
internal sealed class NetworkNamespace(string path) : IDisposable
{
    private readonly SafeFileHandle _file = File.OpenHandle(path);

    /// <summary>Connects to a port of the namespace's loopback address.</summary>
    /// <exception cref="SocketException">Nothing listens on the port.</exception>
    public async Task<Stream> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var socket = await RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Runs a function in the namespace. Sockets that it creates stay in the namespace, whichever thread uses them.</summary>
    public Task<T> RunAsync<T>(Func<T> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        // A namespace applies to a thread. A pool thread would keep it for later work, so this one ends with the call.
        var thread = new Thread(() =>
        {
            try
            {
                Unix.EnterNetwork(_file);
                result.SetResult(function());
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        })
        {
            IsBackground = true,
        };
        thread.Start();
        return result.Task;
    }

    public void Dispose() => _file.Dispose();
}
