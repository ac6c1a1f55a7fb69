using System.Diagnostics;
using System.Security.Cryptography;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;

namespace Meshara.Lab.Load;

/// <summary>
/// The cost of one message's cryptography on a core of this machine, without envelope, allocation or network. Measured while all cores do
/// the same, as they do under a saturated pair.
/// </summary>
/// <param name="CreateUs">Key agreement (with a key per message), seal, hash and sign, in microseconds.</param>
/// <param name="OpenUs">Hash and verify, key agreement (with a key per message), and open.</param>
internal sealed record CryptoFloor(double CreateUs, double OpenUs)
{
    // The envelope's header with its domain separator; the hash of the payload follows it.
    private const int HeaderBytes = 127;

    /// <summary>Messages per second that a pair could exchange on two cores if only cryptography took time.</summary>
    public double CeilingPerSecond => 2e6 / (CreateUs + OpenUs);

    /// <summary>Measures for about this duration.</summary>
    public static async Task<CryptoFloor> MeasureAsync(int payload, bool keyPerMessage, TimeSpan duration)
    {
        var each = duration / 2;
        var floors = await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(
            () => new Bench(payload, keyPerMessage).Run(each), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return new CryptoFloor(floors.Average(floor => floor.CreateUs), floors.Average(floor => floor.OpenUs));
    }

    private sealed class Bench
    {
        private readonly NodeIdentity _sender = NodeIdentity.Generate();
        private readonly NodeIdentity _recipient = NodeIdentity.Generate();
        private readonly bool _keyPerMessage;
        private readonly byte[] _info, _signed = new byte[HeaderBytes + SHA256.HashSizeInBytes], _signature = new byte[64];
        private readonly byte[] _content, _ciphertext;
        private HpkeContext _sealing;
        private HpkeContext _opening;
        private ulong _sequence;

        public Bench(int payload, bool keyPerMessage)
        {
            _keyPerMessage = keyPerMessage;
            _content = PairContent.Of(payload).ToArray();
            _ciphertext = new byte[payload + Hpke.TagSize];
            _info = SealingInfo.For(_sender.Address, _recipient.Address);
            _sealing = Hpke.SetupSender(_recipient.EncryptionPublicKey, _info);
            _opening = SetUpReceiver();
        }

        public CryptoFloor Run(TimeSpan each)
        {
            Time(each / 4, Create);
            Time(each / 4, Open);
            return new CryptoFloor(Time(each, Create), Time(each, Open));
        }

        private static double Time(TimeSpan duration, Action action)
        {
            var count = 0;
            var started = Stopwatch.GetTimestamp();
            for (; count % 16 != 0 || Stopwatch.GetElapsedTime(started) < duration; count++)
                action();
            return Stopwatch.GetElapsedTime(started).TotalMicroseconds / count;
        }

        private void Create()
        {
            if (_keyPerMessage)
            {
                _sealing.Dispose();
                _sealing = Hpke.SetupSender(_recipient.EncryptionPublicKey, _info);
            }
            _sequence = _sealing.Seal(_signed.AsSpan(0, HeaderBytes), _content, _ciphertext);
            SHA256.HashData(_ciphertext, _signed.AsSpan(HeaderBytes));
            _sender.Sign(_signed, _signature);
        }

        private void Open()
        {
            SHA256.HashData(_ciphertext, _signed.AsSpan(HeaderBytes));
            var valid = NodeIdentity.Verify(_sender.Address, _signed, _signature);
            if (_keyPerMessage)
            {
                _opening.Dispose();
                _opening = SetUpReceiver();
            }
            if (!valid || !_opening.TryOpen(_sequence, _signed.AsSpan(0, HeaderBytes), _ciphertext, _content))
                throw new InvalidOperationException("What was sealed and signed could not be opened.");
        }

        private HpkeContext SetUpReceiver() =>
            Hpke.SetupReceiver(_sealing.EncapsulatedKey, _recipient.EncryptionPrivateKey, _recipient.EncryptionPublicKey, _info)
            ?? throw new InvalidOperationException("The encapsulated key is not valid.");
    }
}
