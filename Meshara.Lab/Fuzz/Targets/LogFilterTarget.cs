using System.Text;
using Meshara.Node;
using Meshara.ServiceDefaults.Logging;
using Microsoft.Extensions.Logging;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>The filter of log levels, from the environment or the API.</summary>
internal sealed class LogFilterTarget : FuzzTarget
{
    private readonly LogTargetMap _targets = new(NodeHost.AllLogTargets);

    public override int MaxBytes => 1024;

    public override IEnumerable<string> Words => ["info", "debug", "off", "=", ",", "meshara.routing", "meshara::routing", "Meshara.Node", "::", "microsoft"];

    public override IEnumerable<byte[]> Seeds() =>
        Texts("info,meshara.routing=debug,microsoft=warn", "off", "meshara::api=trace", "");

    public override void Run(byte[] input)
    {
        try
        {
            var filter = LogFilter.Parse(Encoding.UTF8.GetString(input));
            var options = new LoggerFilterOptions();
            options.Rules.Add(new LoggerFilterRule(null, "Microsoft", LogLevel.Warning, null));
            filter.ApplyTo(options, _targets);
            LogFilter.Parse(filter.Text);
        }
        catch (FormatException)
        {
            // The node does not start, or the API answers 400.
        }
    }
}
