using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Meshara.Node;
using Meshara.Node.Api;

namespace Meshara.Tests.Api;

/// <summary>Invalid bodies, and whether the answer names what is wrong.</summary>
public sealed class BodyTests
{
    private static readonly string Friend = MeshDouble.Friend.ToString();

    [Theory]
    [InlineData("/api/messages", """{"to":"FRIEND","text":"a","text":"b"}""", "text is given twice")]
    [InlineData("/api/messages", """{"to":"FRIEND","to":"FRIEND","text":"b"}""", "to is given twice")]
    [InlineData("/api/messages", """{"to":"FRIEND","text":"a","content":"eA==","content":"eA=="}""", "content is given twice")]
    [InlineData("/api/messages", """{"to":"FRIEND","text":"a","ttl_seconds":1,"ttl_seconds":1}""", "ttl_seconds is given twice")]
    [InlineData("/api/broadcasts", """{"to":"FRIEND","text":"a"}""", "there is no member to")]
    [InlineData("/api/messages", """{"to":"FRIEND","text":"a","ttl":1}""", "there is no member ttl")]
    [InlineData("/api/messages", """{"to":"FRIEND","text":["a"]}""", "text is not a string")]
    public async Task What_is_wrong_with_a_body_is_named(string path, string body, string reason)
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.PostAsync(path, body.Replace("FRIEND", Friend, StringComparison.Ordinal));
        Assert.Contains(reason, await answer.ProblemAsync(HttpStatusCode.BadRequest, ErrorCodes.InvalidArgument), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("/api/messages")]
    [InlineData("/api/broadcasts")]
    public async Task A_compressed_body_is_not_taken(string path)
    {
        await using var server = await ApiServer.StartAsync();
        using var buffer = new MemoryStream();
        await using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(Encoding.UTF8.GetBytes($$"""{"to":"{{Friend}}","text":"x"}"""), TestContext.Current.CancellationToken);
        using var content = new ByteArrayContent(buffer.ToArray());
        content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        content.Headers.ContentEncoding.Add("gzip");
        var answer = await server.SendAsync(HttpMethod.Post, path, content);
        Assert.Contains("gzip", await answer.ProblemAsync(HttpStatusCode.UnsupportedMediaType, ApiErrorCodes.UnsupportedMediaType), StringComparison.Ordinal);
    }
}
