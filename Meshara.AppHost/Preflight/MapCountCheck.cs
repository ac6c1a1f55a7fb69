using System.Globalization;
using Meshara.AppHost.Plan;
using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>The kernel lets a process map as many areas of memory as Elasticsearch wants; with less it ends while it starts.</summary>
/// <seealso href="https://www.elastic.co/docs/deploy-manage/deploy/self-managed/vm-max-map-count"/>
internal static class MapCountCheck
{
    private const int Needed = 262_144;
    private const string Setting = "/proc/sys/vm/max_map_count";

    /// <summary>Compares what Elasticsearch wants with the kernel's setting.</summary>
    /// <param name="plan">What is to run.</param>
    /// <param name="current">The setting; null where containers run in a virtual machine, which has its own.</param>
    public static IEnumerable<Finding> Find(MeshPlan plan, int? current)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Place(StackPart.Elasticsearch) is Placement.Container or Placement.Program && current < Needed)
        {
            yield return new Finding(
                $"vm.max_map_count is {current}, and Elasticsearch needs {Needed}: sudo sysctl -w vm.max_map_count={Needed}, "
                + "or leave it out with --without elasticsearch.");
        }
    }

    /// <summary>The setting of this machine.</summary>
    public static int? Current() => File.Exists(Setting) ? int.Parse(File.ReadAllText(Setting), CultureInfo.InvariantCulture) : null;
}
