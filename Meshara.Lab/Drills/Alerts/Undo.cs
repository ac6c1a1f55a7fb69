namespace Meshara.Lab.Drills.Alerts;

/// <summary>Ends a fault.</summary>
internal sealed class Undo(Func<Task> undo) : IAsyncDisposable
{
    /// <summary>A fault that ends at once.</summary>
    public Undo(Action undo) : this(() =>
    {
        undo();
        return Task.CompletedTask;
    })
    {
    }

    public async ValueTask DisposeAsync() => await undo();
}
