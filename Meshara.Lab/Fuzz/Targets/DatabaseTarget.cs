using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// A damaged database: the input is a list of changes to a real one, each three bytes of position and one of value. The position
/// counts only bytes that are not 0. It is inspected as at
/// the start of a node, and what it holds is read. SQLite itself is not instrumented.
/// </summary>
internal sealed class DatabaseTarget : FuzzTarget, IDisposable
{
    private const int ChangeSize = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-fuzz-").FullName;
    private readonly byte[] _database;

    // Changing the empty space of pages changes nothing.
    private readonly int[] _used;

    public DatabaseTarget()
    {
        FillAsync().GetAwaiter().GetResult();
        _database = File.ReadAllBytes(Path);
        _used = [.. Enumerable.Range(0, _database.Length).Where(at => _database[at] != 0)];
    }

    private string Path => System.IO.Path.Combine(_folder, Database.FileName);

    public override int MaxBytes => 256;

    public override IEnumerable<byte[]> Seeds()
    {
        yield return [];
        for (var at = 0; at < _used.Length; at += 16)
            yield return [(byte)at, (byte)(at >> 8), (byte)(at >> 16), 255];
    }

    public override void Run(byte[] input)
    {
        var copy = _database.ToArray();
        for (var at = 0; at + ChangeSize <= input.Length; at += ChangeSize)
            copy[_used[(input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)) % _used.Length]] = input[at + 3];
        File.WriteAllBytes(Path, copy);
        try
        {
            Database.Inspect(Path);
            Owner();
            using var readers = new ReaderPool(Path);
            Read(readers);
            readers.CloseAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (MesharaException e) when (e.Code is ErrorCodes.Storage or ErrorCodes.KeyFile)
        {
            // The node does not start, or says that its storage is damaged.
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Owner()
    {
        try
        {
            Database.Owner(Path);
        }
        catch (SqliteException)
        {
            // The store says so when it is opened.
        }
    }

    private static void Read(ReaderPool readers)
    {
        readers.ReadAsync(0, static (session, _) => session.Pending(_ => { }), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        readers.ReadAsync(0, static (session, _) => session.Page(0, DateTimeOffset.UnixEpoch, 100), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        readers.ReadAsync(0, static (session, _) => session.Held(FuzzKeys.Peer.Address, FuzzKeys.Now, 100), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        readers.ReadAsync(0, static (session, _) => session.Completed(FuzzKeys.Id(9), DateTimeOffset.UnixEpoch), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        readers.ReadAsync(0, static (session, _) => session.Peers(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    private async Task FillAsync()
    {
        await using var store = new SqliteMessageStore(
            Options.Create(new NodeOptions { DataDirectory = _folder }), Options.Create(new StorageOptions()), Options.Create(new DeliveryOptions()),
            new SteppedTime(), NullLogger<SqliteMessageStore>.Instance, FuzzKeys.Self);
        var ends = FuzzKeys.Now.AddHours(1);
        for (byte i = 1; i <= 3; i++)
        {
            var envelope = FuzzKeys.Message();
            await store.AppendAsync(new OutgoingRecord(
                FuzzKeys.Id(i), FuzzKeys.Peer.Address, i == 1 ? null : envelope, i == 1 ? "content"u8.ToArray() : default, 7, FuzzKeys.Now, ends, default),
                CancellationToken.None);
            await store.DeliverAsync(
                new IncomingMessage(FuzzKeys.Id(i), FuzzKeys.Peer.Address, i == 1, FuzzKeys.Now, FuzzKeys.Now, "content"u8.ToArray(), ends),
                CancellationToken.None);
            await store.HoldAsync(
                new HeldMessage(FuzzKeys.Peer.Address, FuzzKeys.Self.Address, FuzzKeys.Id(i), envelope.Wire.ToByteArray(), ends), CancellationToken.None);
        }
        await store.AppendAsync(new OutgoingRecord(FuzzKeys.Id(9), FuzzKeys.Peer.Address, null, "x"u8.ToArray(), 1, FuzzKeys.Now, ends, default), CancellationToken.None);
        await store.CompleteAsync(new MessageStatus(
            FuzzKeys.Id(9), FuzzKeys.Peer.Address, MessageState.Acknowledged, 1, FuzzKeys.Now, ends, FuzzKeys.Now, "reason"), CancellationToken.None);
        await store.SavePeersAsync([FuzzKeys.Record()], CancellationToken.None);
    }
}
