using System.Reflection;
using System.Runtime.Loader;
using Meshara.Lab.Fuzz.Targets;
using SharpFuzz;

namespace Meshara.Lab.Fuzz;

/// <summary>
/// The node's assemblies, instrumented by SharpFuzz, in a load context of their own; the targets are loaded into it a second time, so
/// that they call the instrumented code.
/// </summary>
internal sealed class InstrumentedNode : AssemblyLoadContext
{
    // Of the lab itself only the planted defect is; the targets' own branches would be noise.
    private static readonly string[] Instrumented = ["meshara", "Meshara.ServiceDefaults", "Meshara.Lab"];

    private readonly string _folder;

    /// <param name="folder">Where the instrumented copies go, or are.</param>
    public InstrumentedNode(string folder)
        : base("instrumented") => _folder = folder;

    /// <summary>Writes instrumented copies of the node's assemblies into a folder.</summary>
    public static void Instrument(string folder)
    {
        foreach (var name in Instrumented)
        {
            var copy = Path.Combine(folder, name + ".dll");
            File.Copy(Path.Combine(AppContext.BaseDirectory, name + ".dll"), copy);
            Fuzzer.Instrument(copy, IsInstrumented, Options.Value);
        }
    }

    /// <summary>Opens a target in this context.</summary>
    public (Action<byte[]> Run, byte[][] Seeds, byte[][] Words, int MaxBytes, Action Dispose) Open(string target)
    {
        var lab = LoadFromAssemblyName(typeof(FuzzTargets).Assembly.GetName());
        var open = lab.GetType(typeof(FuzzTargets).FullName!)!.GetMethod(nameof(FuzzTargets.Open))!;
        return ((Action<byte[]>, byte[][], byte[][], int, Action))open.Invoke(null, [target])!;
    }

    private static bool IsInstrumented(string type) =>
        !type.StartsWith("Meshara.Lab.", StringComparison.Ordinal) || type == typeof(PlantedTarget).FullName;

    protected override Assembly? Load(AssemblyName assemblyName) =>
        Instrumented.Contains(assemblyName.Name) ? LoadFromAssemblyPath(Path.Combine(_folder, assemblyName.Name + ".dll")) : null;
}
