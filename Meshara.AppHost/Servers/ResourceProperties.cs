using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Servers;

/// <summary>Resource properties that the dashboard shows by default.</summary>
internal static class ResourceProperties
{
    /// <summary>Creates a property that is shown by default.</summary>
    /// <param name="name">Its identifier.</param>
    /// <param name="title">Its display name.</param>
    /// <param name="value">Its value.</param>
    public static ResourcePropertySnapshot Shown(string name, string title, object? value) =>
        new(name, value) { DisplayName = title, IsHighlighted = true };

    /// <summary>Returns a snapshot with one property changed or added.</summary>
    public static CustomResourceSnapshot With(this CustomResourceSnapshot snapshot, ResourcePropertySnapshot property)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(property);
        return snapshot with { Properties = [.. snapshot.Properties.Where(other => other.Name != property.Name), property] };
    }
}
