using Meshara.AppHost;
using Meshara.AppHost.Local;
using Meshara.Harness;

// The build with the local engine alone; with the aspire engine, AppHost.cs is the program.
if (LocalProgram.IsGuard(args))
    return await LocalProgram.GuardAsync(args);

return await FailureReport.RunAsync(LocalProgram.Name, async () =>
{
    var commandLine = new StackCommandLine();
    var arguments = commandLine.Command.Parse(args);
    // --help and --version act by themselves.
    if (arguments.Errors.Count == 0 && arguments.Action is not null)
        return await arguments.InvokeAsync();

    return await LocalProgram.RunAsync(commandLine.Read(arguments, StackCommandLine.Configuration(Directory.GetCurrentDirectory())));
});
