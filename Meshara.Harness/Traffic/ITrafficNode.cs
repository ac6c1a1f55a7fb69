using Meshara.Harness.Nodes;

namespace Meshara.Harness.Traffic;

/// <summary>A node that traffic is sent through.</summary>
internal interface ITrafficNode
{
    /// <summary>Its number, from 1.</summary>
    int Index { get; }

    string Name { get; }

    /// <summary>Its address in the mesh.</summary>
    string Address { get; }

    NodeApi Api { get; }

    /// <summary>True while its process runs.</summary>
    bool IsAlive { get; }

    /// <summary>True if it has ended and will not be started again.</summary>
    bool IsGone { get; }
}
