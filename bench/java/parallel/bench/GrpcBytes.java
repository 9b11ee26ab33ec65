package parallel.bench;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;

/**
 * Bytes over one bidirectional stream of gRPC on the loopback interface: each write is a message. It is what a worker
 * on another host is compared with. One thread at a time.
 */
public final class GrpcBytes implements ByteChannel
{
    private static final String WITH_TLS = "grpc-tls";
    private static final String SERVICE = "bench";
    private static final MethodDescriptor<byte[], byte[]> STREAM = MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodType.BIDI_STREAMING).setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "bytes"))
        .setRequestMarshaller(new Bytes()).setResponseMarshaller(new Bytes()).build();
    /** Messages that may be on their way to this end. */
    private static final int AHEAD = 16;
    private static final int WINDOW_BYTES = 4 << 20;
    private static final int CONNECT_S = 60;
    private static final byte[] END = {};

    private final BlockingQueue<byte[]> arrived = new ArrayBlockingQueue<>(AHEAD + 1);
    private final Object readiness = new Object();
    private Consumer<byte[]> send;
    private BooleanSupplier isReady;
    private IntConsumer request;
    private Runnable end;
    private ByteBuffer current = ByteBuffer.wrap(END);

    private GrpcBytes()
    {
    }

    private static final class Bytes implements Marshaller<byte[]>
    {
        @Override
        public InputStream stream(byte[] value)
        {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream)
        {
            try
            {
                return stream.readAllBytes();
            }
            catch (IOException e)
            {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Starts another process, which dials this one. */
    static Wire open(String name) throws IOException, InterruptedException
    {
        CompletableFuture<GrpcBytes> dialled = new CompletableFuture<>();
        NettyServerBuilder builder =
            NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        if (name.equals(WITH_TLS))
        {
            builder.sslContext(GrpcTls.server());
        }
        Server server = builder.directExecutor().flowControlWindow(WINDOW_BYTES)
            .addService(ServerServiceDefinition.builder(SERVICE).addMethod(STREAM, (call, headers) ->
            {
                GrpcBytes bytes = new GrpcBytes();
                ServerCall.Listener<byte[]> listener = bytes.accept(call);
                dialled.complete(bytes);
                return listener;
            }).build()).build().start();
        Process other = ForkedWire.fork(name, String.valueOf(server.getPort()));
        try
        {
            GrpcBytes bytes = dialled.get(CONNECT_S, TimeUnit.SECONDS);
            bytes.end = server::shutdownNow;
            return new SocketWire(bytes, other);
        }
        catch (ExecutionException | TimeoutException e)
        {
            other.destroyForcibly();
            server.shutdownNow();
            throw new IOException("Nobody has dialled", e);
        }
    }

    static Wire join(String name, String port) throws IOException
    {
        NettyChannelBuilder builder = NettyChannelBuilder
            .forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
        if (name.equals(WITH_TLS))
        {
            builder.sslContext(GrpcTls.client());
        }
        else
        {
            builder.usePlaintext();
        }
        ManagedChannel channel = builder.directExecutor().flowControlWindow(WINDOW_BYTES).build();
        GrpcBytes bytes = new GrpcBytes();
        bytes.dial(channel.newCall(STREAM, CallOptions.DEFAULT));
        bytes.end = channel::shutdownNow;
        return new SocketWire(bytes, null);
    }

    /**
     * How long it takes from the start of another process until that has answered.
     *
     * @return in nanoseconds.
     * @throws Exception if it does not answer.
     */
    public static long nanosToAnswer() throws Exception
    {
        long start = System.nanoTime();
        Wire wire = open("grpc");
        wire.announce(new Round("ping", Long.BYTES, 1));
        wire.sendLong(1);
        wire.receiveLong();
        long nanos = System.nanoTime() - start;
        wire.close();
        return nanos;
    }

    private ServerCall.Listener<byte[]> accept(ServerCall<byte[], byte[]> call)
    {
        send = call::sendMessage;
        isReady = call::isReady;
        request = call::request;
        call.sendHeaders(new Metadata());
        call.request(AHEAD);
        return new ServerCall.Listener<>()
        {
            @Override
            public void onMessage(byte[] message)
            {
                arrived.add(message);
            }

            @Override
            public void onReady()
            {
                ready();
            }

            @Override
            public void onCancel()
            {
                arrived.add(END);
            }

            @Override
            public void onHalfClose()
            {
                arrived.add(END);
            }
        };
    }

    private void dial(ClientCall<byte[], byte[]> call)
    {
        send = call::sendMessage;
        isReady = call::isReady;
        request = call::request;
        call.start(new ClientCall.Listener<>()
        {
            @Override
            public void onMessage(byte[] message)
            {
                arrived.add(message);
            }

            @Override
            public void onReady()
            {
                ready();
            }

            @Override
            public void onClose(Status status, Metadata trailers)
            {
                arrived.add(END);
            }
        }, new Metadata());
        call.request(AHEAD);
    }

    private void ready()
    {
        synchronized (readiness)
        {
            readiness.notifyAll();
        }
    }

    @Override
    public int write(ByteBuffer from) throws IOException
    {
        byte[] message = new byte[from.remaining()];
        from.get(message);
        try
        {
            synchronized (readiness)
            {
                while (!isReady.getAsBoolean())
                {
                    readiness.wait();
                }
            }
        }
        catch (InterruptedException e)
        {
            throw new IOException(e);
        }
        if (message.length > 0)
        {
            send.accept(message);
        }
        return message.length;
    }

    @Override
    public int read(ByteBuffer to) throws IOException
    {
        if (!current.hasRemaining())
        {
            byte[] next = next();
            if (next == END)
            {
                return -1;
            }
            current = ByteBuffer.wrap(next);
            request.accept(1);
        }
        int count = Math.min(to.remaining(), current.remaining());
        to.put(current.slice().limit(count));
        current.position(current.position() + count);
        return count;
    }

    private byte[] next() throws IOException
    {
        try
        {
            return arrived.take();
        }
        catch (InterruptedException e)
        {
            throw new IOException(e);
        }
    }

    @Override
    public boolean isOpen()
    {
        return true;
    }

    @Override
    public void close()
    {
        end.run();
    }
}
