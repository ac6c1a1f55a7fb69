namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// A parser with a planted defect behind four bytes that are compared one by one. Guessing them takes four thousand million inputs; a
/// fuzzer that keeps what gets further finds them one at a time.
/// </summary>
internal sealed class PlantedTarget : FuzzTarget
{
    public override IEnumerable<byte[]> Seeds()
    {
        yield return new byte[8];
    }

    public override void Run(byte[] input)
    {
        if (input.Length < 4)
            return;
        if (input[0] != 'M')
            return;
        if (input[1] != 'S')
            return;
        if (input[2] != 'H')
            return;
        if (input[3] == 'R')
            throw new InvalidOperationException("The planted defect.");
    }
}
