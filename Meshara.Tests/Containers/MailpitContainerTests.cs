using System.Net.Http.Json;
using System.Text.Json;
using Meshara.AppHost.Plan;

namespace Meshara.Tests.Containers;

/// <summary>Mail on a developer's machine: Alertmanager with its configuration unchanged, and Mailpit under the name it sends to.</summary>
public sealed class MailpitContainerTests(ContainerStack stack) : IClassFixture<ContainerStack>, IAsyncDisposable
{
    private const int Port = 8025;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Fact]
    public async Task A_warning_arrives_as_a_mail()
    {
        var container = await stack.StartAsync(await stack.BuilderAsync(ContainerImage.Mailpit, "mailpit", Port));
        using var mailpit = ContainerStack.Client(container, Port);
        await stack.UntilAsync("Mailpit is ready", async () => (await mailpit.GetAsync("readyz", Test)).IsSuccessStatusCode);
        var alertmanager = await AlertmanagerContainer.StartUnchangedAsync(stack);

        await alertmanager.FireAsync("TestMail", "warning", "node-2", "Somebody should look");

        JsonElement found = default;
        await stack.UntilAsync("the mail has come", async () =>
        {
            var messages = (await mailpit.GetFromJsonAsync<JsonElement>("api/v1/messages", Test)).GetProperty("messages");
            found = messages.EnumerateArray().FirstOrDefault(message => message.GetProperty("Subject").GetString()!.Contains("TestMail", StringComparison.Ordinal));
            return found.ValueKind == JsonValueKind.Object;
        });
        Assert.Equal("team@meshara.org", found.GetProperty("To")[0].GetProperty("Address").GetString());
        var mail = await mailpit.GetFromJsonAsync<JsonElement>($"api/v1/message/{found.GetProperty("ID").GetString()}", Test);
        Assert.Contains("Somebody should look", mail.GetProperty("Text").GetString(), StringComparison.Ordinal);
        Assert.Contains("Somebody should look", mail.GetProperty("HTML").GetString(), StringComparison.Ordinal);
    }
}
