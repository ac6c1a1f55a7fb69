using System.Reflection;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Deploy;

/// <summary>docs/security.md names a test for each promise; those tests exist.</summary>
public sealed partial class SecurityDocumentTests
{
    private static readonly string Document = Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "docs", "security.md"));

    [Fact]
    public void Every_test_that_the_document_names_exists()
    {
        var tests = typeof(SecurityDocumentTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance))
            .Where(method => method.GetCustomAttributes().Any(attribute => attribute is FactAttribute))
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}").ToHashSet();
        var named = TestName().Matches(File.ReadAllText(Document)).Select(match => match.Groups[1].Value).ToList();
        Assert.InRange(named.Count, 20, int.MaxValue);
        Assert.Equal([], named.Where(name => !tests.Contains(name)));
    }

    [Fact]
    public void Every_adversary_has_a_test()
    {
        var rows = File.ReadLines(Document).Where(line => line.StartsWith("| **", StringComparison.Ordinal)).ToList();
        Assert.Equal(6, rows.Count);
        Assert.All(rows, row => Assert.Matches(TestName(), row));
    }

    [GeneratedRegex(@"`(\w+Tests\.\w+)`")]
    private static partial Regex TestName();
}
