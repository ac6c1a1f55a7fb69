namespace Meshara.Lab.Drills.Alerts;

/// <summary>Checks whether a server of the stack is up.</summary>
internal static class HttpProbe
{
    /// <summary>True if it answers with success.</summary>
    public static async Task<bool> IsOkAsync(HttpClient client, string path, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(client);
        try
        {
            using var answer = await client.GetAsync(path, stop);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException || (exception is TaskCanceledException && !stop.IsCancellationRequested))
        {
            return false;
        }
    }
}
