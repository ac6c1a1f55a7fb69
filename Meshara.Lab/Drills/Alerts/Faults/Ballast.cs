using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Meshara.Harness;
using Meshara.Node;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>
/// The hidden command <c>ballast FILE NODE ARGUMENTS</c>: runs the node in this process and allocates as much extra memory as the file
/// says, following its changes. The node is not aware of it.
/// </summary>
internal sealed class Ballast
{
    /// <summary>Name of the command.</summary>
    public const string CommandName = "ballast";

    private const int BlockBytes = 10_000_000;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly string _file;
    private readonly Stack<nint> _blocks = new();

    private Ballast(string file) => _file = file;

    /// <summary>The wrapper command to start a node with.</summary>
    /// <param name="file">Holds the number of bytes; see <see cref="Set"/>.</param>
    public static IReadOnlyList<string> Within(string file)
    {
        Set(file, 0);
        var self = Environment.ProcessPath ?? throw new UnreachableException();
        return Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, typeof(Ballast).Assembly.Location, CommandName, file] : [self, CommandName, file];
    }

    /// <summary>Sets the ballast, in bytes; it is accurate to one block.</summary>
    public static void Set(string file, long bytes) => EndpointsFile.WriteAtomically(file, bytes.ToString(CultureInfo.InvariantCulture));

    /// <summary>Increases the ballast.</summary>
    public static void Add(string file, long bytes) => Set(file, long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture) + bytes);

    /// <summary>Runs the node's own program with its arguments.</summary>
    /// <returns>Its exit code.</returns>
    public static int RunNode(string file, string[] arguments)
    {
        new Thread(new Ballast(file).Follow) { IsBackground = true, Name = CommandName }.Start();
        var main = typeof(NodeHost).Assembly.EntryPoint ?? throw new UnreachableException();
        return (int)main.Invoke(null, [arguments])!;
    }

    private void Follow()
    {
        while (true)
        {
            var wanted = long.Parse(File.ReadAllText(_file), CultureInfo.InvariantCulture) / BlockBytes;
            while (_blocks.Count < wanted)
                _blocks.Push(Allocate());
            while (_blocks.Count > wanted)
                Free(_blocks.Pop());
            Thread.Sleep(Interval);
        }
    }

    private static unsafe nint Allocate()
    {
        var block = NativeMemory.Alloc(BlockBytes);
        NativeMemory.Fill(block, BlockBytes, 1); // only memory that was written to counts
        return (nint)block;
    }

    private static unsafe void Free(nint block) => NativeMemory.Free((void*)block);
}
