using Meshara.Harness.Nodes;

namespace Meshara.Harness.Traffic;

/// <summary>A node that traffic is sent through.</summary>
internal interface ITrafficNode
{
    /// <summary>Its number, from 1.</summary>
    int Index { get; }

    /// <summary>Its name.</summary>
    string Name { get; }

    /// <summary>Its address in the mesh.</summary>
    string Address { get; }

    /// <summary>Its API.</summary>
    NodeApi Api { get; }

    /// <summary>True while its process runs.</summary>
    bool IsAlive { get; }

    /// <summary>True when it has ended and nobody will start it again.</summary>
    bool IsGone { get; }
}
