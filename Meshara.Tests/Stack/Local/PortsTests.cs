using System.Diagnostics;
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
        using var lease = Ports.Lease(2, Random.Shared);
        var free = lease.Ports;
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
        // With this seed, the first chosen range is known and can be made unusable.
        StackPorts first;
        using (var lease = Ports.Lease(1, new Random(7)))
            first = lease.Ports;
        using var listener = new TcpListener(IPAddress.Loopback, first.Http + 1);
        listener.Start();
        using var next = Ports.Lease(1, new Random(7));

        Assert.NotEqual(first, next.Ports);
    }

    [Fact]
    public void Two_leases_have_different_ranges()
    {
        using var first = Ports.Lease(1, new Random(7));
        using var second = Ports.Lease(1, new Random(7));

        Assert.NotEqual(first.Ports, second.Ports);
    }

    [Fact]
    public void A_range_can_be_leased_again_when_its_lease_has_ended()
    {
        const int Base = 2000; // below the ranges leased to programs running in parallel
        using (PortLease.TryTake(Base))
            Assert.Null(PortLease.TryTake(Base));
        using var again = PortLease.TryTake(Base);

        Assert.NotNull(again);
    }

    [Fact]
    public async Task A_lease_holds_against_other_processes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "flock(1) stands for the other process.");
        const int Base = 3000;
        using (PortLease.TryTake(Base))
            Assert.NotEqual(0, await TryLockAsync(Base));

        Assert.Equal(0, await TryLockAsync(Base));
    }

    private static async Task<int> TryLockAsync(int portBase)
    {
        using var flock = Process.Start("flock", ["--nonblock", "--exclusive", Path.Combine(PortLease.Folder, $"{portBase}"), "true"]);
        await flock.WaitForExitAsync(TestContext.Current.CancellationToken);
        return flock.ExitCode;
    }
}
