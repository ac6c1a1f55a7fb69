using System.Net;
using System.Net.Sockets;
using Meshara.Harness;

namespace Meshara.Tests.Stack.Local;

public sealed class PortsTests
{
    [Fact]
    public void A_port_that_is_taken_is_named_with_what_it_is_for()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var free = Ports.FindFree(2, Random.Shared);
        StackNode[] nodes = [new(1, "node-1", free.Mesh + 1, port, free.Metrics + 1, []), new(2, "node-2", free.Mesh + 2, free.Http + 2, free.Metrics + 2, [])];

        Assert.Equal([(port, "node-1 http")], Ports.Taken(nodes));
    }

    [Fact]
    public void A_port_that_another_program_holds_on_every_interface_is_taken_too()
    {
        using var listener = new TcpListener(IPAddress.Any, 0);
        listener.Start();

        Assert.False(Ports.IsFree(((IPEndPoint)listener.LocalEndpoint).Port));
    }

    [Fact]
    public void A_free_range_avoids_what_is_taken()
    {
        // With this seed the first range chosen is known, so that it can be spoiled.
        var first = Ports.FindFree(1, new Random(7));
        using var listener = new TcpListener(IPAddress.Loopback, first.Http + 1);
        listener.Start();

        Assert.NotEqual(first, Ports.FindFree(1, new Random(7)));
    }
}
