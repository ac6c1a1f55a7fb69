using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;

namespace Meshara.Node.Api;

/// <summary>The OpenAPI 3.1 document of the API.</summary>
internal static class MeshOpenApi
{
    /// <summary>The path that serves it.</summary>
    public const string Path = "/openapi/v1.json";

    private const string BearerScheme = "bearer";

    public static IServiceCollection AddMeshOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        // Health and metrics belong to the telemetry contract, not to this API.
        options.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true;
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddSchemaTransformer((schema, context, _) =>
        {
            Sharpen(schema, context.JsonPropertyInfo?.AttributeProvider?.IsDefined(typeof(RequiredAttribute), inherit: false) == true);
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer((document, context, _) =>
        {
            Describe(document, context.ApplicationServices.GetRequiredService<IOptions<ApiOptions>>().Value);
            return Task.CompletedTask;
        });
    });

    /// <summary>Documents a parameter that the handler reads as text as a whole number between two bounds.</summary>
    public static RouteHandlerBuilder WithIntegerParameter(this RouteHandlerBuilder builder, string name, long minimum, long maximum) =>
        builder.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            if (operation.Parameters?.SingleOrDefault(parameter => parameter.Name == name)?.Schema is OpenApiSchema schema)
            {
                schema.Type = JsonSchemaType.Integer;
                schema.Format = "int64";
                schema.Minimum = minimum.ToString(CultureInfo.InvariantCulture);
                schema.Maximum = maximum.ToString(CultureInfo.InvariantCulture);
            }
            return Task.CompletedTask;
        });

    /// <summary>
    /// Completes what the exporter leaves open: enumeration names are strings, and required members are not null.
    /// </summary>
    private static void Sharpen(OpenApiSchema schema, bool isRequired)
    {
        if (schema is { Enum.Count: > 0, Type: null })
            schema.Type = JsonSchemaType.String;
        if (isRequired)
            schema.Type &= ~JsonSchemaType.Null;
    }

    private static void Describe(OpenApiDocument document, ApiOptions options)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Meshara node",
            Version = "v1",
            Description = "Sends and receives messages through the mesh. JSON in snake_case, times in UTC (RFC 3339); every error is "
                + "application/problem+json with a stable code.",
            License = new OpenApiLicense { Name = "MIT", Identifier = "MIT" },
        };
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[BearerScheme] = new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = BearerScheme,
            Description = "The value of Api:Token. Needed when the node has one, which it must when it listens beyond loopback.",
        };
        if (!string.IsNullOrEmpty(options.Token))
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerScheme, document)] = [] }];
    }
}
