using System.ComponentModel;

namespace Meshara.Node.Api.Contracts;

[Description("What went wrong (RFC 9457).")]
internal sealed record Problem(
    [property: Description("about:blank: the code says what a type would.")] string Type,
    [property: Description("The HTTP status in words.")] string Title,
    [property: Description("The HTTP status.")] int Status,
    [property: Description("What is wrong with this request and what to do about it.")] string Detail,
    [property: Description("Stable and machine-readable: what a program should decide by.")] string Code,
    [property: Description("Finds the request in traces and logs.")] string TraceId);
