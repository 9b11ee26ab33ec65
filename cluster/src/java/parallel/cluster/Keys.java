package parallel.cluster;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.net.Socket;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * What one end of a connection proves itself by, and what it accepts of the other: a key of its own with a certificate,
 * and the one certificate that the other end must have. Kept in memory only.
 */
public final class Keys
{
    /** Clocks of two machines may differ by so much. */
    private static final Duration VALID_BEFORE = Duration.ofHours(24);
    private static final Duration VALID_AFTER = Duration.ofDays(30);
    private static final int SERIAL_BITS = 127;
    /** More than a P-256 key or certificate takes, with the longest name; a length beyond is not ours. */
    private static final int MOST_BYTES = 4096;
    /** The object identifier 2.5.4.3. */
    private static final byte[] COMMON_NAME = {0x55, 0x04, 0x03};
    /** The object identifier 1.2.840.10045.4.3.2. */
    private static final byte[] ECDSA_WITH_SHA256 = {0x2a, (byte)0x86, 0x48, (byte)0xce, 0x3d, 0x04, 0x03, 0x02};

    private final PrivateKey key;
    private final X509Certificate own;
    private final X509Certificate other;

    private Keys(PrivateKey key, X509Certificate own, X509Certificate other)
    {
        this.key = key;
        this.own = own;
        this.other = other;
    }

    /**
     * Makes the keys of the two ends of one connection: each trusts the other and nobody else.
     *
     * @param oneName   common name of the first end's certificate, for people.
     * @param otherName common name of the second end's.
     * @return the two ends' keys, in that order.
     */
    public static List<Keys> pair(String oneName, String otherName)
    {
        try
        {
            KeyPair one = keyPair();
            KeyPair other = keyPair();
            X509Certificate certificateOfOne = certificate(one, oneName);
            X509Certificate certificateOfOther = certificate(other, otherName);
            return List.of(
                new Keys(one.getPrivate(), certificateOfOne, certificateOfOther),
                new Keys(other.getPrivate(), certificateOfOther, certificateOfOne));
        }
        catch (GeneralSecurityException e)
        {
            throw new IllegalStateException("This Java makes no P-256 keys.", e);
        }
    }

    /**
     * Returns all of it, the private key included, for the way through a launcher's stdin. It belongs into no file, no
     * argument and no environment.
     *
     * @return the bytes for {@link #decode}.
     */
    public byte[] encode()
    {
        try
        {
            byte[][] parts = {key.getEncoded(), own.getEncoded(), other.getEncoded()};
            ByteBuffer out = ByteBuffer.allocate(
                parts.length * Integer.BYTES + parts[0].length + parts[1].length + parts[2].length);
            for (byte[] part : parts)
            {
                out.putInt(part.length).put(part);
            }
            return out.array();
        }
        catch (CertificateException e)
        {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads what {@link #encode} has written.
     *
     * @param encoded the bytes, which are not kept.
     * @return the keys.
     * @throws IllegalArgumentException if these bytes are no keys.
     */
    public static Keys decode(byte[] encoded)
    {
        try
        {
            ByteBuffer in = ByteBuffer.wrap(encoded);
            PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(part(in)));
            Keys keys = new Keys(key, parse(part(in)), parse(part(in)));
            if (in.hasRemaining())
            {
                throw new IllegalArgumentException("There are bytes behind the keys.");
            }
            return keys;
        }
        catch (GeneralSecurityException | BufferUnderflowException e)
        {
            throw new IllegalArgumentException("These bytes are no keys.", e);
        }
    }

    PrivateKey key()
    {
        return key;
    }

    X509Certificate certificate()
    {
        return own;
    }

    X509ExtendedTrustManager trust()
    {
        return new Pinned(other);
    }

    private static byte[] part(ByteBuffer in)
    {
        int length = in.getInt();
        if (length < 0 || length > MOST_BYTES)
        {
            throw new IllegalArgumentException("No part of the keys has " + length + " bytes.");
        }
        byte[] part = new byte[length];
        in.get(part);
        return part;
    }

    private static KeyPair keyPair() throws GeneralSecurityException
    {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }

    /** A certificate of version 1 (RFC 5280, 4.1): the extensions of version 3 would say nothing here. */
    private static X509Certificate certificate(KeyPair keys, String name) throws GeneralSecurityException
    {
        Instant now = Instant.now();
        byte[] algorithm = Der.sequence(Der.objectIdentifier(ECDSA_WITH_SHA256));
        byte[] names = Der.sequence(
            Der.set(Der.sequence(Der.objectIdentifier(COMMON_NAME), Der.utf8String(name))));
        byte[] signed = Der.sequence(
            Der.integer(new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE)),
            algorithm,
            names,
            Der.sequence(Der.utcTime(now.minus(VALID_BEFORE)), Der.utcTime(now.plus(VALID_AFTER))),
            names,
            keys.getPublic().getEncoded());
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(keys.getPrivate());
        signature.update(signed);
        return parse(Der.sequence(signed, algorithm, Der.bitString(signature.sign())));
    }

    private static X509Certificate parse(byte[] encoded) throws CertificateException
    {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        return (X509Certificate)factory.generateCertificate(new ByteArrayInputStream(encoded));
    }

    /**
     * Trusts one certificate. The handshake proves that the other end has its key. Names are not compared: a host may
     * be reached under any.
     */
    private static final class Pinned extends X509ExtendedTrustManager
    {
        private final X509Certificate trusted;

        Pinned(X509Certificate trusted)
        {
            this.trusted = trusted;
        }

        private void check(X509Certificate[] chain) throws CertificateException
        {
            // equals compares the encoded bytes.
            if (chain == null || chain.length != 1 || !trusted.equals(chain[0]))
            {
                throw new CertificateException("This is not the certificate of the other end.");
            }
            trusted.checkValidity();
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException
        {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException
        {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException
        {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException
        {
            check(chain);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException
        {
            check(chain);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException
        {
            check(chain);
        }

        /** None: a list of issuers in the handshake would tell strangers a name. */
        @Override
        public X509Certificate[] getAcceptedIssuers()
        {
            return new X509Certificate[0];
        }
    }
}
