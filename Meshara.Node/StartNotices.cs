namespace Meshara.Node;

/// <summary>Logs findings from before the node could log.</summary>
internal sealed partial class StartNotices(ILogger<StartNotices> logger)
{
    /// <summary>The key file was unencrypted and has now been encrypted.</summary>
    public void KeyEncrypted(string file) => Log.KeyEncrypted(logger, file);

    /// <summary>Everyone on the machine can read the passphrase file.</summary>
    public void PassphraseFileOpen(string file) => Log.PassphraseFileOpen(logger, file);

    /// <summary>Everyone on the machine can read the file with the API's token.</summary>
    public void TokenFileOpen(string file) => Log.TokenFileOpen(logger, file);

    /// <summary>The open-file limit allows fewer connections than the settings.</summary>
    public void FewOpenFiles(NodeSettings settings, int openFiles) =>
        Log.FewOpenFiles(logger, openFiles, settings.Transport.MaxConnections, settings.Api.MaxConnections, settings.Metrics.MaxConnections);

    private static partial class Log
    {
        [LoggerMessage(EventName = "KeyEncrypted", Level = LogLevel.Information,
            Message = "The key file {file} was plain and is encrypted with the passphrase now; copies of the old file are not")]
        public static partial void KeyEncrypted(ILogger logger, string file);

        [LoggerMessage(EventName = "PassphraseFileOpen", Level = LogLevel.Warning,
            Message = "Everybody on this machine can read the passphrase file {file}: take that right away (chmod o-r)")]
        public static partial void PassphraseFileOpen(ILogger logger, string file);

        [LoggerMessage(EventName = "TokenFileOpen", Level = LogLevel.Warning,
            Message = "Everybody on this machine can read the token file {file}: take that right away (chmod o-r)")]
        public static partial void TokenFileOpen(ILogger logger, string file);

        [LoggerMessage(EventName = "FewOpenFiles", Level = LogLevel.Warning,
            Message = "Only {openFiles} files and sockets may be open at once, so there are at most {peers} peers and {apiConnections} connections to the API: raise the limit (ulimit -n)")]
        public static partial void FewOpenFiles(ILogger logger, int openFiles, int peers, int apiConnections, int metricsConnections);
    }
}
