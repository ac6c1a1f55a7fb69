namespace Meshara.Node.Api;

/// <summary>
/// Codes of failures that occur only in HTTP; like <see cref="ErrorCodes"/>, they appear in the <c>code</c> member.
/// </summary>
internal static class ApiErrorCodes
{
    /// <summary>No bearer token, or a wrong one.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>A Host header that does not name this machine.</summary>
    public const string ForbiddenHost = "forbidden_host";

    /// <summary>The path exists, but not with this method.</summary>
    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary>A body that is not declared as JSON.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>A request that is ambiguous, or contradicts an earlier one.</summary>
    public const string Conflict = "conflict";

    /// <summary>A defect of the node; its log says more.</summary>
    public const string Internal = "internal";
}
