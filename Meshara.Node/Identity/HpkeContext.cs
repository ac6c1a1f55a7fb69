using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Meshara.Node.Identity;

/// <summary>
/// An HPKE encryption context (RFC 9180 section 5.2). Each sequence number is used for one message only and is sent with it, so
/// that messages may arrive in any order (section 9.7.1). Safe for concurrent use.
/// </summary>
internal sealed class HpkeContext : IDisposable
{
    private readonly Lock _gate = new(); // OpenSSL's cipher context inside ChaCha20Poly1305 is not safe for concurrent use
    private readonly ChaCha20Poly1305 _cipher;
    private readonly byte[] _baseNonce;
    private ulong _next;
    private bool _disposed;

    public HpkeContext(byte[] encapsulatedKey, ReadOnlySpan<byte> key, byte[] baseNonce)
    {
        EncapsulatedKey = encapsulatedKey;
        _baseNonce = baseNonce;
        _cipher = new ChaCha20Poly1305(key);
    }

    /// <summary>The key that the recipient needs to set up the same context.</summary>
    public byte[] EncapsulatedKey { get; }

    /// <summary>
    /// Reserves a sequence number for one <see cref="Seal(ulong, ReadOnlySpan{byte}, ReadOnlySpan{byte}, Span{byte})"/>.
    /// </summary>
    public ulong NextSequence()
    {
        lock (_gate)
        {
            var sequence = _next;
            _next = checked(sequence + 1);
            return sequence;
        }
    }

    /// <summary>Encrypts under the next sequence number and returns it.</summary>
    public ulong Seal(ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        var sequence = NextSequence();
        Seal(sequence, associatedData, plaintext, ciphertext);
        return sequence;
    }

    /// <summary>Encrypts under a number from <see cref="NextSequence"/>, which must not be used twice.</summary>
    public void Seal(ulong sequence, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext)
    {
        Span<byte> nonce = stackalloc byte[Hpke.NonceSize];
        Nonce(sequence, nonce);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _cipher.Encrypt(nonce, plaintext, ciphertext[..plaintext.Length], ciphertext.Slice(plaintext.Length, Hpke.TagSize), associatedData);
        }
    }

    /// <summary>Decrypts; false if the ciphertext was not made with this context, sequence number and associated data.</summary>
    public bool TryOpen(ulong sequence, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> ciphertext, Span<byte> plaintext)
    {
        if (ciphertext.Length < Hpke.TagSize || plaintext.Length != ciphertext.Length - Hpke.TagSize)
            return false;
        Span<byte> nonce = stackalloc byte[Hpke.NonceSize];
        Nonce(sequence, nonce);
        try
        {
            lock (_gate)
            {
                if (_disposed)
                    return false;
                _cipher.Decrypt(nonce, ciphertext[..plaintext.Length], ciphertext[plaintext.Length..], plaintext, associatedData);
            }
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false; // attackers can cause this, so it is a result and not an error
        }
    }

    private void Nonce(ulong sequence, Span<byte> nonce)
    {
        _baseNonce.CopyTo(nonce);
        var tail = nonce[4..];
        BinaryPrimitives.WriteUInt64BigEndian(tail, BinaryPrimitives.ReadUInt64BigEndian(tail) ^ sequence);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _cipher.Dispose();
            CryptographicOperations.ZeroMemory(_baseNonce);
        }
    }
}
