using System.Text.Json;
using Meshara.Node;
using Microsoft.Extensions.Configuration;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>A settings file.</summary>
internal sealed class ConfigurationTarget : FuzzTarget
{
    public override IEnumerable<string> Words =>
    [
        "Node", "Mesh", "Api", "Metrics", "Delivery", "Transport", "Routing", "Gossip", "Sealing", "Storage", "\":", "\"", "{", "}", "[", "]", ",",
        "127.0.0.1:8443", "::1", "localhost", "0.0.0.0", "meshara://node-1", "tcp://127.0.0.1:1", "none", "true", "null", "-1", "1e400",
        "00:00:01", "10675199.02:48:05.4775807", "2147483648", "NaN",
    ];

    public override IEnumerable<byte[]> Seeds() => Texts(
        """{"Node":{"Name":"node-1","DataDirectory":"d"},"Mesh":{"Listen":"0.0.0.0:8443","Advertise":"a:1,b:2","Bootstrap":"meshara://node-1"}}""",
        """{"Api":{"Host":"127.0.0.1","Port":8080,"Token":"t","MaxConnections":10},"Metrics":{"Port":9090}}""",
        """{"Delivery":{"TimeToLive":"1.00:00:00","RetryBase":"00:00:01","MaxMessageBytes":65536},"Sealing":{"MessagesPerKey":1,"KeyLifetime":"00:01:00"}}""",
        """{"Transport":{"AdmittedPeers":["a","b"],"MaxConnections":2048},"Routing":{"BucketSize":20},"Gossip":{"Fanout":3}}""",
        """{"Storage":{"Durability":"full","MaxInboxMessages":1000,"MaxInboxAge":"30.00:00:00"},"Mesh":{"Advertise":["none"]}}""");

    public override void Run(byte[] input)
    {
        IConfigurationRoot configuration;
        try
        {
            configuration = new ConfigurationBuilder().AddJsonStream(new MemoryStream(input)).Build();
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or JsonException)
        {
            return; // NodeSettings.Load says which file and line it is
        }
        using (configuration as IDisposable)
        {
            configuration["Api:TokenFile"] = null; // reads whatever file it names
            try
            {
                NodeSettings.From(configuration);
            }
            catch (MesharaException e) when (e.Code == ErrorCodes.Configuration)
            {
                // The node does not start.
            }
        }
    }
}
