using System.Globalization;
using Meshara.AppHost.Plan;
using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>Checks that the kernel lets a process map as many memory areas as Elasticsearch needs to start.</summary>
/// <seealso href="https://www.elastic.co/docs/deploy-manage/deploy/self-managed/vm-max-map-count"/>
internal static class MapCountCheck
{
    private const int Needed = 262_144;
    private const string Setting = "/proc/sys/vm/max_map_count";

    /// <summary>Compares Elasticsearch's minimum with the kernel's setting.</summary>
    /// <param name="plan">The plan to check.</param>
    /// <param name="current">The setting; null if containers run in a virtual machine, which has its own.</param>
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

    /// <summary>This machine's setting; null if it has none.</summary>
    public static int? Current() => File.Exists(Setting) ? int.Parse(File.ReadAllText(Setting), CultureInfo.InvariantCulture) : null;
}
