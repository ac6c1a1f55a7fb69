using System.IO.MemoryMappedFiles;

namespace Meshara.Lab.Fuzz;

/// <summary>
/// The input being parsed and the number of executions, in a file that both processes have mapped: it outlives a process that the
/// input kills or stops.
/// </summary>
internal sealed unsafe class CurrentInput : IDisposable
{
    private const int MaxBytes = 1 << 20;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _bytes;

    public CurrentInput(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, MaxBytes);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _bytes);
    }

    /// <summary>Executions so far.</summary>
    public long Executions => Volatile.Read(ref *(long*)_bytes);

    /// <summary>The input.</summary>
    public byte[] Input => new Span<byte>(_bytes + 2 * sizeof(long), *(int*)(_bytes + sizeof(long))).ToArray();

    /// <summary>Notes the input that is parsed next.</summary>
    public void Set(byte[] input)
    {
        *(int*)(_bytes + sizeof(long)) = input.Length;
        input.CopyTo(new Span<byte>(_bytes + 2 * sizeof(long), input.Length));
        Volatile.Write(ref *(long*)_bytes, *(long*)_bytes + 1);
    }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
