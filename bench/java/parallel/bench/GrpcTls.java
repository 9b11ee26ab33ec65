package parallel.bench;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;

/**
 * TLS as a connection to a host has it, by the JDK: with a key that keytool makes once, for the loopback interface.
 */
final class GrpcTls
{
    private static final Path STORE = Path.of("target", "bench", "grpc.p12");
    private static final String PASSWORD = "of-no-value";

    private GrpcTls()
    {
    }

    static SslContext server() throws IOException
    {
        try
        {
            if (!Files.exists(STORE))
            {
                make();
            }
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store(), PASSWORD.toCharArray());
            return secured(SslContextBuilder.forServer(keys));
        }
        catch (GeneralSecurityException e)
        {
            throw new IOException(e);
        }
    }

    static SslContext client() throws IOException
    {
        try
        {
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store());
            return secured(SslContextBuilder.forClient().trustManager(trust));
        }
        catch (GeneralSecurityException e)
        {
            throw new IOException(e);
        }
    }

    private static SslContext secured(SslContextBuilder tls) throws IOException
    {
        return GrpcSslContexts.configure(tls, SslProvider.JDK).protocols("TLSv1.3").build();
    }

    private static KeyStore store() throws IOException, GeneralSecurityException
    {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(STORE))
        {
            store.load(in, PASSWORD.toCharArray());
        }
        return store;
    }

    private static void make() throws IOException
    {
        Files.createDirectories(STORE.getParent());
        List<String> command = List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair", "-alias", "bench", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=bench",
            "-ext", "san=ip:127.0.0.1,dns:localhost", "-storetype", "PKCS12", "-keystore", STORE.toString(),
            "-storepass", PASSWORD);
        try
        {
            Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(new File(STORE + ".log")).start();
            if (process.waitFor() != 0)
            {
                throw new IOException("keytool makes no key; see " + STORE + ".log");
            }
        }
        catch (InterruptedException e)
        {
            throw new IOException(e);
        }
    }
}
