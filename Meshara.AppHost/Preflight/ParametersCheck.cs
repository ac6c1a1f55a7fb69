using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>Every parameter of the model has a value.</summary>
internal static class ParametersCheck
{
    /// <summary>Finds those that have none.</summary>
    public static async Task<IReadOnlyList<Finding>> FindAsync(DistributedApplicationModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var findings = new List<Finding>();
        foreach (var parameter in model.Resources.OfType<ParameterResource>())
        {
            if (string.IsNullOrEmpty(await TryGetAsync(parameter)))
            {
                findings.Add(new Finding(
                    $"The parameter {parameter.Name} has no value: set Parameters__{parameter.Name.Replace('-', '_')} in the environment, "
                    + "or unset it where it is set to nothing.",
                    ExitCodes.Usage));
            }
        }

        return findings;
    }

    private static async Task<string?> TryGetAsync(ParameterResource parameter)
    {
        try
        {
            return await parameter.GetValueAsync(CancellationToken.None);
        }
        catch (MissingParameterValueException)
        {
            return null;
        }
    }
}
