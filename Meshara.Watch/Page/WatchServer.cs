using System.Net;
using Meshara.Watch.Mesh;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Meshara.Watch.Page;

/// <summary>Serves the page on a port of its own, to this machine only.</summary>
internal static class WatchServer
{
    /// <summary>Creates the server; its caller starts it.</summary>
    /// <param name="watch">What the page shows.</param>
    /// <param name="port">The port on the loopback address; 0 for a free one.</param>
    public static WebApplication Create(MeshWatch watch, int port)
    {
        // Empty: the environment and the signals belong to the program around it.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        // A web page whose host name resolves to this machine must not read the answers (DNS rebinding).
        builder.Services.AddHostFiltering(filter => filter.AllowedHosts = ["127.0.0.1", "localhost", "*.localhost"]);
        var server = builder.Build();
        server.UseHostFiltering();
        server.MapWatchPage(watch);
        server.MapGet("/", context =>
        {
            context.Response.Redirect(WatchPage.Path);
            return Task.CompletedTask;
        });
        return server;
    }

    private sealed class CallersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
