using Meshara.Harness;
using Meshara.Harness.Terminal;
using Spectre.Console;

namespace Meshara.AppHost.Mesh;

/// <summary>The table of nodes shown when all are ready.</summary>
internal static class NodeTable
{
    // A row with full URLs needs this many columns: an address has 52 characters and must stay on one line to be copied.
    private const int FullWidth = 150;

    // A row with ports instead of URLs needs this many; on a narrower console, each value gets its own line.
    private const int ShortWidth = 90;

    public static void Write(StatusConsole console, IEnumerable<EndpointsFile.Entry> nodes)
    {
        ArgumentNullException.ThrowIfNull(console);
        var full = console.Width >= FullWidth;
        string Show(string url) => full ? url : ":" + new Uri(url).Port;

        if (console.Width < ShortWidth)
        {
            foreach (var node in nodes)
                console.WriteLines($"{node.Name}\n  address  {node.Address}\n  mesh     {node.Mesh}\n  http     {node.Http}\n  metrics  {node.Metrics}");
            return;
        }

        var table = new Table { Border = full ? TableBorder.Rounded : TableBorder.None };
        foreach (var title in (string[])["name", "address", "mesh", "http", "metrics"])
            table.AddColumn(new TableColumn(title).NoWrap());
        foreach (var node in nodes)
        {
            string[] cells = [node.Name, node.Address, Show(node.Mesh), Show(node.Http), Show(node.Metrics)];
            table.AddRow(cells.Select(Markup.Escape).ToArray());
        }

        console.Write(table);
    }
}
