using Meshara.Tests.Api;

namespace Meshara.Tests.Storage;

/// <summary>Waits for what another process or thread brings about and nothing signals.</summary>
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
