using System.Text.Json;
using SharpFuzz;

namespace Meshara.Lab.Fuzz;

/// <summary>
/// The hidden commands that run one target in a process of its own, so that one target's memory is not another's, and an input that
/// ends the process ends nothing else.
/// </summary>
internal static class FuzzWorker
{
    /// <summary>Runs <see cref="FuzzLoop"/>; the arguments are the target, the folder and the options in JSON.</summary>
    public const string CommandName = "fuzz-worker";

    /// <summary>Runs under <c>afl-fuzz</c>; the arguments are the target and the folder.</summary>
    public const string AflCommandName = "fuzz-afl";

    /// <summary>Begins the line with the result.</summary>
    public const string Mark = "fuzz-result ";

    /// <summary>Name of the file that holds the input being parsed.</summary>
    public const string CurrentFile = "current";

    public static int Run(string target, string folder, string options)
    {
        using var current = new CurrentInput(Path.Combine(folder, CurrentFile));
        // What a target prints is no result.
        var output = Console.Out;
        Console.SetOut(TextWriter.Null);
        using var loop = new FuzzLoop(JsonSerializer.Deserialize<FuzzOptions>(options)!, target, new InstrumentedNode(folder), current);
        output.WriteLine(Mark + JsonSerializer.Serialize(loop.Run()));
        return 0;
    }

    public static int RunAfl(string target, string folder)
    {
        Action<byte[]>? run = null;
        Fuzzer.Run(stream =>
        {
            // Not earlier: instrumented code needs the map of edges, which is there now.
            run ??= new InstrumentedNode(folder).Open(target).Run;
            var input = new MemoryStream();
            stream.CopyTo(input);
            run(input.ToArray());
        });
        return 0;
    }
}
