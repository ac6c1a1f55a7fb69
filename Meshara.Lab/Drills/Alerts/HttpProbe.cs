namespace Meshara.Lab.Drills.Alerts;

/// <summary>Asks a server of the stack whether it is there.</summary>
internal static class HttpProbe
{
    /// <summary>True when it answers with success.</summary>
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
