using Meshara.Harness;
using Meshara.Lab;
using Meshara.Lab.Drills;
using Meshara.Lab.Drills.SlowLink;

namespace Meshara.Tests.Faults;

public sealed class LabCommandLineTests
{
    [Fact]
    public void Everything_can_be_chosen() => Assert.Equal(
        new DrillOptions
        {
            Name = "slow", Nodes = 7, For = TimeSpan.FromSeconds(90), Rate = 12.5, Settle = TimeSpan.FromMinutes(2), Seed = 3,
            Report = "r.json", Data = "d", StopWithInput = true,
        },
        Read("drill", "slow", "--nodes", "7", "--for", "1m30s", "--rate", "12.5", "--settle", "2m", "--seed", "3", "--report", "r.json", "--data", "d",
            "--stop-with-input"));

    [Fact]
    public void A_name_is_enough()
    {
        var options = Read("drill", "kill");
        Assert.Equal(new DrillOptions { Name = "kill", Nodes = 5, For = TimeSpan.FromSeconds(60), Rate = 200, Seed = options.Seed }, options);
    }

    [Theory]
    [InlineData("There is no drill 'earthquake': choose one of kill, partition, slow, disk, flood, restart-all, orphan, clock, hostile, wan.", "earthquake")]
    [InlineData("--nodes must be a whole number from 3 to 50, but is '2'.", "kill", "--nodes", "2")]
    [InlineData("--for must be at least 5s, but is '4s'.", "kill", "--for", "4s")]
    [InlineData("--rate must be a number from 0.1 to 10000, but is '0'.", "kill", "--rate", "0")]
    public void What_cannot_be_used_is_named(string message, params string[] arguments)
    {
        var exception = Assert.Throws<StackException>(() => Read(["drill", .. arguments]));
        Assert.Equal((ExitCodes.Usage, message), (exception.ExitCode, exception.Message));
    }

    [Fact]
    public void A_slow_link_has_a_rate_and_a_delay()
    {
        var commandLine = new LabCommandLine();
        Assert.Equal(
            new SlowLinkOptions { KilobytesPerSecond = 2000, Delay = TimeSpan.FromMilliseconds(20), Messages = 3, Report = "r.json" },
            commandLine.SlowLink.Find(commandLine.Command.Parse("drill slow-link --kbps 2000 --delay 20ms --messages 3 --report r.json")));
        var exception = Assert.Throws<StackException>(() => commandLine.SlowLink.Find(commandLine.Command.Parse("drill slow-link --kbps 1")));
        Assert.Equal((ExitCodes.Usage, "--kbps must be a whole number from 50 to 100000, but is '1'."), (exception.ExitCode, exception.Message));
    }

    private static DrillOptions Read(params string[] arguments)
    {
        var commandLine = new LabCommandLine();
        return commandLine.Read(commandLine.Command.Parse(arguments));
    }
}
