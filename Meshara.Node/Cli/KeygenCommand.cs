using System.CommandLine;
using Meshara.Node.Api.Contracts;
using Meshara.Node.Identity;

namespace Meshara.Node.Cli;

/// <summary><c>meshara keygen</c>: creates an identity without a node.</summary>
internal static class KeygenCommand
{
    public static Command Create(CliHost host)
    {
        var file = new Option<string>("--out") { HelpName = "FILE", Required = true, Description = "Where to write the key." };
        var passphraseFile = new Option<string>("--passphrase-file") { HelpName = "FILE", Description = "Encrypt the key with this file's first line; without it the file is readable to its owner only." };
        var force = new Option<bool>("--force") { Description = "Replace an existing file. Its address is lost for good." };
        var json = ClientOptions.JsonOption();
        var command = new MeshCommand("keygen", "Makes a new identity, writes its key file and prints its address.",
            "meshara keygen --out ./node-1/identity.key",
            "meshara keygen --out ./node-1/identity.key --passphrase-file ./passphrase --json")
        {
            file, passphraseFile, force, json,
        };
        command.SetAction(parsed =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            var passphrase = parsed.GetValue(passphraseFile) is { } secret ? SecretFile.ReadPassphrase(secret) : null;
            if (parsed.GetValue(passphraseFile) is { } open && SecretFile.IsOpenToAll(open))
                host.Error.WriteLine($"meshara: warning: everybody on this machine can read the passphrase file '{Printable.Bounded(open, 200)}' (chmod o-r).");
            var address = CreateKey(host, path, passphrase, parsed.GetValue(force)).ToString();
            var output = new CliOutput(host, parsed.GetValue(json));
            output.Write(new KeyReport(address, path), MeshJson.Default.KeyReport, report => host.Out.WriteLine(report.Address));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static NodeAddress CreateKey(CliHost host, string path, string? passphrase, bool force)
    {
        if (File.Exists(path) && !force)
            throw Exists(path);
        // Written under another name first: with --force the old key is replaced only once the new one is complete.
        var fresh = $"{path}.{Path.GetRandomFileName()}.new";
        try
        {
            var address = host.CreateKey(fresh, passphrase);
            File.Move(fresh, path, force);
            return address;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(path) && !force)
                throw Exists(path);
            throw new MesharaException(ErrorCodes.KeyFile, $"The key file cannot be written: {exception.Message}", exception);
        }
        finally
        {
            // There is nothing to delete if the move succeeded or the folder is missing.
            if (File.Exists(fresh))
                File.Delete(fresh);
        }
    }

    private static MesharaException Exists(string path) => new(ErrorCodes.KeyFile,
        $"'{Printable.Bounded(path, 200)}' exists already. Choose another file, or give --force to replace the key; its address is lost then.");
}
