using Meshara.Tests.Api;

namespace Meshara.Tests.Storage;

/// <summary>Polls for conditions in other processes or threads that send no signal.</summary>
internal static class Condition
{
    public static async Task HoldsAsync(Func<Task<bool>> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(ApiServer.Deadline);
        while (!await condition())
            await Task.Delay(10, deadline.Token);
    }
}
