using Aspire.Hosting.ApplicationModel;

namespace Meshara.AppHost.Servers;

/// <summary>Properties of a resource that the dashboard shows without being asked.</summary>
internal static class ResourceProperties
{
    /// <summary>A property.</summary>
    /// <param name="name">By which it is known.</param>
    /// <param name="title">What a person reads.</param>
    /// <param name="value">Its value.</param>
    public static ResourcePropertySnapshot Shown(string name, string title, object? value) =>
        new(name, value) { DisplayName = title, IsHighlighted = true };

    /// <summary>The properties of a snapshot with one of them changed or added.</summary>
    public static CustomResourceSnapshot With(this CustomResourceSnapshot snapshot, ResourcePropertySnapshot property)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(property);
        return snapshot with { Properties = [.. snapshot.Properties.Where(other => other.Name != property.Name), property] };
    }
}
