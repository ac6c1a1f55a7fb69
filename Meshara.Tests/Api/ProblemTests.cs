using System.Net;
using Meshara.Node;
using Meshara.Node.Api;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Tests.Api;

public sealed class ProblemTests
{
    private static readonly string Friend = MeshDouble.Friend.ToString();

    public static TheoryData<string, string, string> BadBodies => new()
    {
        { """{"text":"x"}""", ErrorCodes.InvalidArgument, "to is missing" },
        { """{"to":"","text":"x"}""", ErrorCodes.InvalidArgument, "to is missing" },
        { """{"to":"nobody","text":"x"}""", ErrorCodes.InvalidArgument, "'nobody' is not a node address" },
        { """{"to":5,"text":"x"}""", ErrorCodes.InvalidArgument, "to is not a string" },
        { """{"to":"FRIEND"}""", ErrorCodes.EmptyMessage, "give text, or content" },
        { """{"to":"FRIEND","text":""}""", ErrorCodes.EmptyMessage, "empty" },
        { """{"to":"FRIEND","content":""}""", ErrorCodes.EmptyMessage, "empty" },
        { """{"to":"FRIEND","text":"x","content":"eA=="}""", ErrorCodes.InvalidArgument, "give one of them" },
        { """{"to":"FRIEND","content":"no base64!"}""", ErrorCodes.InvalidArgument, "content is not base64" },
        { """{"to":"FRIEND","text":"\ud800"}""", ErrorCodes.InvalidArgument, "text is not a string of valid Unicode" },
        { """{"to":"FRIEND","text":"x","ttl_seconds":0}""", ErrorCodes.InvalidArgument, "ttl_seconds must be 1 to 604800, not 0" },
        { """{"to":"FRIEND","text":"x","ttl_seconds":604801}""", ErrorCodes.InvalidArgument, "ttl_seconds must be 1 to 604800" },
        { """{"to":"FRIEND","text":"x","ttl_seconds":9223372036854775807}""", ErrorCodes.InvalidArgument, "ttl_seconds must be 1 to 604800" },
        { """{"to":"FRIEND","text":"x","ttl_seconds":99999999999999999999}""", ErrorCodes.InvalidArgument, "ttl_seconds is not a whole number" },
        { """{"to":"FRIEND","text":"x","ttl_seconds":"60"}""", ErrorCodes.InvalidArgument, "ttl_seconds is not a whole number" },
        { """{"to":"FRIEND","text":"x","ttl_seconds":1.5}""", ErrorCodes.InvalidArgument, "ttl_seconds is not a whole number" },
        { """{"to":"FRIEND","text":"x","ttl":60}""", ErrorCodes.InvalidArgument, "$.ttl" },
        { """{"to":"FRIEND","text":"x","text":"y"}""", ErrorCodes.InvalidArgument, "text" },
        { """{"to":"FRIEND","text":"x" """, ErrorCodes.InvalidArgument, "body" },
        { "not json", ErrorCodes.InvalidArgument, "The body is not a JSON object (line 1, byte" },
        { "[]", ErrorCodes.InvalidArgument, "The body is not a JSON object" },
        { "null", ErrorCodes.InvalidArgument, "a JSON object is needed" },
        { "", ErrorCodes.InvalidArgument, "JSON object" },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_message_that_cannot_be_taken_is_refused_with_a_reason(string body, string code, string reason)
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.PostAsync("/api/messages", body.Replace("FRIEND", Friend, StringComparison.Ordinal));
        Assert.Contains(reason, await answer.ProblemAsync(HttpStatusCode.BadRequest, code), StringComparison.Ordinal);
        Assert.Empty(server.Mesh.Sent);
        Assert.Empty(server.Errors.Lines);
    }

    [Theory]
    [InlineData("/api/inbox?after=x", "after must be a cursor")]
    [InlineData("/api/inbox?after=-1", "after must be a cursor")]
    [InlineData("/api/inbox?after=99999999999999999999", "after must be a cursor")]
    [InlineData("/api/inbox?limit=0", "limit must be 1 to 1000, not '0'")]
    [InlineData("/api/inbox?limit=1001", "limit must be 1 to 1000")]
    [InlineData("/api/inbox?limit=ten", "limit must be 1 to 1000")]
    [InlineData("/api/inbox/stream?after=x", "after must be a cursor")]
    [InlineData("/api/messages/xyz", "'xyz' is not a message id")]
    public async Task A_parameter_out_of_range_is_refused_with_the_range(string path, string reason)
    {
        await using var server = await ApiServer.StartAsync();
        var detail = await (await server.GetAsync(path)).ProblemAsync(HttpStatusCode.BadRequest, ErrorCodes.InvalidArgument);
        Assert.Contains(reason, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_last_event_id_is_refused()
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.GetAsync("/api/inbox/stream", ("Last-Event-ID", "x"));
        Assert.Contains("Last-Event-ID", await answer.ProblemAsync(HttpStatusCode.BadRequest, ErrorCodes.InvalidArgument), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api")]
    [InlineData("/api/nothing")]
    [InlineData("/api/inbox/a/b")]
    [InlineData("/openapi/v2.json")]
    public async Task An_unknown_path_is_a_problem(string path)
    {
        await using var server = await ApiServer.StartAsync();
        await (await server.GetAsync(path)).ProblemAsync(HttpStatusCode.NotFound, ErrorCodes.NotFound);
    }

    [Fact]
    public async Task An_unknown_message_is_a_problem()
    {
        await using var server = await ApiServer.StartAsync();
        var id = MessageId.Create(MeshDouble.Start);
        Assert.Contains(id.ToString(), await (await server.GetAsync($"/api/messages/{id}")).ProblemAsync(HttpStatusCode.NotFound, ErrorCodes.NotFound), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_method_is_a_problem_that_names_the_right_one()
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.SendAsync(HttpMethod.Put, "/api/messages", null);
        await answer.ProblemAsync(HttpStatusCode.MethodNotAllowed, ApiErrorCodes.MethodNotAllowed);
        Assert.Equal(["POST"], answer.Content.Headers.Allow);
    }

    [Theory]
    [InlineData("text/plain")] // a form on a foreign page can send this without a preflight request
    [InlineData("application/x-www-form-urlencoded")]
    public async Task A_body_that_is_not_declared_as_JSON_is_a_problem(string contentType)
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.PostAsync("/api/broadcasts", """{"text":"x"}""", contentType);
        await answer.ProblemAsync(HttpStatusCode.UnsupportedMediaType, ApiErrorCodes.UnsupportedMediaType);
        var bare = await server.SendAsync(HttpMethod.Post, "/api/broadcasts", new ByteArrayContent("""{"text":"x"}"""u8.ToArray()));
        await bare.ProblemAsync(HttpStatusCode.UnsupportedMediaType, ApiErrorCodes.UnsupportedMediaType);
        Assert.Empty(server.Mesh.Sent);
    }

    [Theory]
    [InlineData(MeshDouble.MaxMessageBytes + 1)] // the messenger refuses it
    [InlineData(20 * MeshDouble.MaxMessageBytes)] // the server refuses it before it is read
    public async Task An_oversize_message_is_a_problem_that_names_the_limit(int size)
    {
        await using var server = await ApiServer.StartAsync();
        var answer = await server.PostAsync("/api/broadcasts", $$"""{"text":"{{new string('x', size)}}"}""");
        Assert.Contains("1000", await answer.ProblemAsync(HttpStatusCode.RequestEntityTooLarge, ErrorCodes.Oversize), StringComparison.Ordinal);
        Assert.Empty(server.Errors.Lines);
    }

    [Theory]
    [InlineData(ErrorCodes.InvalidArgument, HttpStatusCode.BadRequest)]
    [InlineData(ErrorCodes.EmptyMessage, HttpStatusCode.BadRequest)]
    [InlineData(ErrorCodes.NotFound, HttpStatusCode.NotFound)]
    [InlineData(ErrorCodes.Oversize, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData(ErrorCodes.QueueFull, HttpStatusCode.TooManyRequests)]
    [InlineData(ErrorCodes.NotReady, HttpStatusCode.ServiceUnavailable)]
    [InlineData(ErrorCodes.Storage, HttpStatusCode.ServiceUnavailable)]
    public async Task A_failure_of_the_node_keeps_its_code(string code, HttpStatusCode status)
    {
        // In Development, ASP.NET Core would otherwise show its own error page.
        await using var server = await ApiServer.StartAsync(environment: "Development");
        server.Mesh.Failure = new MesharaException(code, "Say what to do.");
        var answer = await server.PostAsync("/api/broadcasts", """{"text":"x"}""");
        Assert.Equal("Say what to do.", await answer.ProblemAsync(status, code));
        Assert.Equal(status == HttpStatusCode.TooManyRequests ? TimeSpan.FromSeconds(1) : null, answer.Headers.RetryAfter?.Delta);
        Assert.Empty(server.Errors.Lines);
    }

    [Fact]
    public async Task A_defect_is_a_problem_without_its_secrets_and_an_error_in_the_log()
    {
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Failure = new InvalidDataException("the secret");
        var detail = await (await server.GetAsync("/api/peers")).ProblemAsync(HttpStatusCode.InternalServerError, ApiErrorCodes.Internal);
        Assert.DoesNotContain("secret", detail, StringComparison.Ordinal);
        Assert.Contains("the secret", Assert.Single(server.Errors.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_forgot_the_guard_serves_no_API()
    {
        var builder = WebApplication.CreateSlimBuilder();
        var mesh = new MeshDouble();
        builder.Services.AddSingleton<INodeView>(mesh).AddSingleton<IMessenger>(mesh).AddSingleton<IInbox>(mesh).AddMeshApi();
        NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection([new("Api:Port", "0"), new("Metrics:Port", "0")]).Build()).AddTo(builder.Services);
        await using var app = builder.Build();
        app.MapMeshApi();
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = new HttpClient();
        using var answer = await client.GetAsync(new Uri(app.Urls.First() + "/api/node"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
    }
}
