using System.Text;

namespace Meshara.Lab.Fuzz;

/// <summary>One parser of the node, and what it is fed with.</summary>
internal abstract class FuzzTarget
{
    /// <summary>Valid inputs, from the real encoders, with the same keys each time.</summary>
    public abstract IEnumerable<byte[]> Seeds();

    /// <summary>Words that a valid input consists of.</summary>
    public virtual IEnumerable<string> Words => [];

    /// <summary>The longest input.</summary>
    public virtual int MaxBytes => 4096;

    /// <summary>
    /// Parses one input. Returns if the parser took it or refused it in a documented way; any exception that leaves this method is a
    /// defect.
    /// </summary>
    public abstract void Run(byte[] input);

    /// <summary>Texts as inputs.</summary>
    protected static IEnumerable<byte[]> Texts(params string[] texts) => texts.Select(Encoding.UTF8.GetBytes);
}
