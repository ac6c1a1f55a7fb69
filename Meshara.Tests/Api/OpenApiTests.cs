using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Tests.Api;

public sealed class OpenApiTests
{
    [Fact]
    public async Task The_document_lists_every_route_and_nothing_else()
    {
        await using var server = await ApiServer.StartAsync();
        var document = await (await server.GetAsync("/openapi/v1.json")).JsonAsync();
        Assert.StartsWith("3.1.", (string)document["openapi"]!, StringComparison.Ordinal);

        var mapped = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods
                .Select(method => $"{method} {endpoint.RoutePattern.RawText!.TrimEnd('/')}"));
        var described = Operations(document).Select(operation => operation.Name);
        Assert.Equal(mapped.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
        Assert.Equal(13, described.Count());
    }

    [Fact]
    public async Task Every_operation_is_summarized_and_names_its_answers()
    {
        await using var server = await ApiServer.StartAsync();
        var document = await (await server.GetAsync("/openapi/v1.json")).JsonAsync();
        foreach (var (name, operation) in Operations(document))
        {
            Assert.False(string.IsNullOrEmpty((string?)operation["summary"]), name);
            Assert.False(string.IsNullOrEmpty((string?)operation["operationId"]), name);
            var responses = operation["responses"]!.AsObject();
            Assert.True(responses.Any(response => response.Key[0] == '2'), name);
            foreach (var status in new[] { "401", "403", "500" })
                Assert.NotNull(responses[status]?["content"]?["application/problem+json"]?["schema"]);
            foreach (var parameter in operation["parameters"]?.AsArray() ?? [])
                Assert.False(string.IsNullOrEmpty((string?)parameter!["description"]), $"{name} {parameter["name"]}");
        }
    }

    [Fact]
    public async Task Every_field_is_described_and_typed()
    {
        await using var server = await ApiServer.StartAsync();
        var document = await (await server.GetAsync("/openapi/v1.json")).JsonAsync();
        var schemas = document["components"]!["schemas"]!.AsObject();
        var fields = 0;
        foreach (var (name, schema) in schemas)
        {
            foreach (var (field, value) in schema!["properties"]?.AsObject() ?? [])
            {
                fields++;
                Assert.False(string.IsNullOrEmpty((string?)value!["description"]), $"{name}.{field}");
                Assert.True(value["type"] is not null || value["$ref"] is not null || value["oneOf"] is not null, $"{name}.{field} {value.ToJsonString()}");
                Assert.Equal(field, field.ToLowerInvariant());
            }
        }
        Assert.InRange(fields, 70, 90);
        Assert.All(schemas, schema => Assert.NotNull(schema.Value!["type"]));
        Assert.Equal("string", (string)schemas["SendRequest"]!["properties"]!["to"]!["type"]!);
        Assert.Contains("to", schemas["SendRequest"]!["required"]!.AsArray().Select(required => (string)required!));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("open-sesame")]
    public async Task The_security_scheme_is_described_and_demanded_when_there_is_a_token(string? token)
    {
        await using var server = await ApiServer.StartAsync(new() { ["Api:Token"] = token });
        var document = await (await server.GetAsync("/openapi/v1.json", ("Authorization", $"Bearer {token}"))).JsonAsync();
        Assert.Equal("http", (string)document["components"]!["securitySchemes"]!["bearer"]!["type"]!);
        Assert.Equal(token is not null, document["security"] is JsonArray { Count: 1 });
    }

    private static IEnumerable<(string Name, JsonNode Operation)> Operations(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select ($"{operation.Key.ToUpperInvariant()} {path.Key}", operation.Value);
}
