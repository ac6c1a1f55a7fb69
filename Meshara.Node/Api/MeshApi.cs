using Meshara.Node.Api.Contracts;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Api;

/// <summary>The HTTP API: its services, its middleware and its routes.</summary>
internal static class MeshApi
{
    /// <summary>
    /// Adds the API's services, including where Kestrel listens. The options come from <see cref="NodeSettings.AddTo"/>.
    /// </summary>
    public static IServiceCollection AddMeshApi(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ApiFailures>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, ApiListener>();
        services.ConfigureHttpJsonOptions(json => MeshJson.Apply(json.SerializerOptions));
        // An unreadable body becomes an exception in every environment, so that the answer can name its cause.
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        return services.AddMeshOpenApi();
    }

    /// <summary>
    /// Adds error answers, headers and the guard. Must precede everything that answers; without it the API refuses everyone.
    /// </summary>
    public static IApplicationBuilder UseMeshApi(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var failures = app.ApplicationServices.GetRequiredService<ApiFailures>();
        return app
            .Use(PortConnection.CountAsync)
            .Use(SecurityHeaders.AddAsync)
            .UseExceptionHandler(new ExceptionHandlerOptions
            {
                ExceptionHandler = failures.WriteExceptionAsync,
                // A 404 or 405 from an endpoint is an answer, not a failure of the handler.
                AllowStatusCode404Response = true,
                SuppressDiagnosticsCallback = context => ApiFailures.IsExpected(context.Exception),
            })
            .UseStatusCodePages(failures.WriteStatusAsync)
            .UseMiddleware<ApiGuard>();
    }

    /// <summary>Maps every route under <c>/api</c>, and the OpenAPI document at <c>/openapi/v1.json</c>.</summary>
    public static IEndpointRouteBuilder MapMeshApi(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api");
        // Fails closed: a host that forgot UseMeshApi must not serve an unguarded API.
        api.AddEndpointFilter((context, next) => context.HttpContext.Features.Get<ApiGuard.Passed>() is null
            ? throw new InvalidOperationException($"{nameof(UseMeshApi)} is missing from the pipeline.")
            : next(context));
        api.MapNode();
        api.MapMessages();
        api.MapInbox();
        api.MapDiagnostics();
        endpoints.MapOpenApi(MeshOpenApi.Path);
        return endpoints;
    }

    /// <summary>Documents the problems that an endpoint may answer with, in addition to 401, 403 and 500, which all may.</summary>
    public static RouteHandlerBuilder Problems(this RouteHandlerBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            builder.Produces<Problem>(status, ApiProblem.ContentType);
        return builder
            .Produces<Problem>(StatusCodes.Status401Unauthorized, ApiProblem.ContentType)
            .Produces<Problem>(StatusCodes.Status403Forbidden, ApiProblem.ContentType)
            .Produces<Problem>(StatusCodes.Status500InternalServerError, ApiProblem.ContentType);
    }
}
