using System.Net;
using System.Net.Http.Headers;
using Meshara.Node;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack;

namespace Meshara.Tests.Api;

/// <summary>The API's token from a file, the way Kubernetes and systemd provide secrets.</summary>
public sealed class TokenFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string TokenFile => Path.Combine(_folder.Path, "token");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_first_line_of_the_file_is_the_token()
    {
        await File.WriteAllTextAsync(TokenFile, "secret-of-this-test\n", Cancel);
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync(("Api:TokenFile", TokenFile), ("Api:Host", "0.0.0.0"));
        using var client = new HttpClient();
        var url = new UriBuilder(node.Http) { Host = "127.0.0.1", Path = "api/node" }.Uri;
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(url, Cancel)).StatusCode);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret-of-this-test");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(url, Cancel)).StatusCode);
    }

    [Theory]
    [InlineData(null, "cannot be used: ")]
    [InlineData("", "cannot be used: its first line is empty. Its first line must be the token.")]
    public async Task A_file_without_a_token_refuses_the_start(string? content, string why)
    {
        if (content is not null)
            await File.WriteAllTextAsync(TokenFile, content, Cancel);
        await using var mesh = new MeshFixture();
        var refusal = await Assert.ThrowsAsync<MesharaException>(() => mesh.StartAsync(("Api:TokenFile", TokenFile)));
        Assert.Equal(ErrorCodes.Configuration, refusal.Code);
        Assert.Contains($"The token file '{TokenFile}' {why}", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_and_a_file_with_one_are_refused()
    {
        await File.WriteAllTextAsync(TokenFile, "one", Cancel);
        await using var mesh = new MeshFixture();
        var refusal = await Assert.ThrowsAsync<MesharaException>(
            () => mesh.StartAsync(("Api:TokenFile", TokenFile), ("Api:Token", "another")));
        Assert.Equal("Api:Token and Api:TokenFile are both set: keep one of them.", refusal.Message);
    }
}
