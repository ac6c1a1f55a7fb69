using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>Checks that every parameter of the model has a value.</summary>
internal static class ParametersCheck
{
    /// <summary>Finds the parameters without a value.</summary>
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
                    + "or unset it if it is set to an empty value.",
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
