using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Meshara.AppHost.Plan;
using Meshara.Harness.Nodes;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>
/// The exported mesh, started by the real <c>docker compose</c> once per test class; each test leaves five healthy nodes. Services whose
/// image is not available are left out. At first, node-1 has an image that does not start.
/// </summary>
public sealed class ComposeMesh(ContainerImages images) : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private readonly List<NodeApi> _apis = [];
    private Task<ComposeProject>? _project;
    private HttpClient? _prometheus;

    /// <summary>The nodes of the exported file.</summary>
    internal const int Nodes = 5;

    /// <summary>An image that makes a node's container exit at once.</summary>
    internal static string BrokenImage => ContainerImage.Alertmanager.ToString();

    /// <summary>The node's image.</summary>
    internal string NodeImage { get; private set; } = "";

    internal ContainerImages Images => images;

    /// <summary>The output of <c>up</c> with a broken node-1, and of waiting for the others to be healthy.</summary>
    internal IReadOnlyList<ExternalTool> WithoutFirst { get; private set; } = [];

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>The running project; skips the test if it is not available.</summary>
    internal Task<ComposeProject> UseAsync() => _project ??= StartAsync();

    /// <summary>A node's API.</summary>
    internal NodeApi Api(int node) => _apis[node - 1];

    /// <summary>The value of an expression; null if it has none.</summary>
    private async Task<double?> ValueAsync(string expression)
    {
        var answer = await _prometheus!.GetFromJsonAsync<JsonElement>($"api/v1/query?query={Uri.EscapeDataString(expression)}", Test);
        var result = answer.GetProperty("data").GetProperty("result");
        return result.GetArrayLength() == 0
            ? null
            : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }

    /// <summary>Queries Prometheus until an expression has a value; null means no value.</summary>
    internal Task UntilAsync(string what, string expression, double? value) =>
        UntilAsync(what, async () => await ValueAsync(expression) == value);

    /// <summary>Polls until a condition holds. A server that does not answer counts as false.</summary>
    internal async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
        limit.CancelAfter(Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        try
        {
            while (!await HoldsAsync(condition))
                await timer.WaitForNextTickAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!Test.IsCancellationRequested)
        {
            throw new TimeoutException($"Not within {Deadline.TotalSeconds:0} s: {what}.\n{await (await UseAsync()).LogsAsync()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _prometheus?.Dispose();
        _apis.ForEach(api => api.Dispose());
        if (_project is { IsCompletedSuccessfully: true })
            await (await _project).DisposeAsync();
    }

    private async Task<ComposeProject> StartAsync()
    {
        await images.UseAsync(ContainerImage.Prometheus);
        await images.UseAsync(ContainerImage.Alertmanager);
        NodeImage = await images.UseNodeAsync();
        var project = await ComposeProject.CreateAsync(images, NodeImage);
        try
        {
            _apis.AddRange(Enumerable.Range(1, Nodes).Select(node => new NodeApi(project.Api(node), project.Token)));
            project.Differ(firstImage: BrokenImage);
            var others = project.Services.Where(service => service.Stays && service.Node != 1).Select(service => service.Name);
            WithoutFirst =
            [
                await project.ShellAsync("docker compose up -d --pull never"),
                await project.ShellAsync($"docker compose up -d --pull never --wait --wait-timeout 120 {string.Join(' ', others)}"),
            ];
            project.Differ();
            await project.UpAsync();
            _prometheus = new HttpClient { BaseAddress = await project.AddressAsync("prometheus", 9090) };
            return project;
        }
        catch
        {
            await project.DisposeAsync();
            throw;
        }
    }

    private static async Task<bool> HoldsAsync(Func<Task<bool>> condition)
    {
        try
        {
            return await condition();
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
