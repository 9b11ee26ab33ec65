package parallel.cluster;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Drainable;
import io.grpc.Grpc;
import io.grpc.KnownLength;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslProvider;
import io.grpc.netty.shaded.io.netty.util.concurrent.FastThreadLocalThread;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLException;
import parallel.relay.Stream;
import parallel.relay.StreamListener;
import parallel.relay.Streams;

/**
 * Carries streams by gRPC: one HTTP/2 connection, and on it one call for each stream. The side that dials opens the
 * streams. A connection that breaks is lost; none is made again.
 *
 * <p>A call named life lasts as long as the connection: the side that closes ends it in order, before it closes, and so
 * the other side can tell a close from a break. gRPC's own flow control is left wide open, as {@link WindowedStream}
 * bounds what is under way. One thread does it all.
 */
public abstract class GrpcStreams implements Streams
{
    private static final int CONNECT_MS = 20_000;
    /** With 3 s two JVMs that had yet to load their TLS failed, on a machine with a load of 35. */
    private static final int HANDSHAKE_MS = 10_000;
    /** And still one failed with a load of 25; by the second both have loaded it. */
    private static final int HANDSHAKES = 3;
    /** Connections that have not proved themselves; further ones are closed unread. */
    private static final int MOST_PENDING = 8;
    /** grpc-java takes no less on the side that dials. */
    private static final int KEEPALIVE_MS = 10_000;
    /** A network that is away for less loses nothing. */
    private static final int KEEPALIVE_TIMEOUT_MS = 8_000;
    /** Bytes that HTTP/2 lets be under way in one direction: what four streams have in their windows. */
    private static final int CONNECTION_WINDOW = 4 * WINDOW * FRAME_BYTES;
    private static final int HEAD_BYTES = 1;
    private static final int HEADERS_BYTES = 4096;
    /** The thread ends when it has had nothing to do for the first of these, after the second at the latest. */
    private static final int QUIET_MS = 50;
    private static final int QUIET_TIMEOUT_MS = 2_000;

    private static final String SERVICE = "parallel.Streams";
    private static final MethodDescriptor<Message, Message> LIFE = method("life");
    private static final MethodDescriptor<Message, Message> STREAM = method("stream");
    private static final Metadata.Key<String> NAME = Metadata.Key.of("name", Metadata.ASCII_STRING_MARSHALLER);

    /** Kept, since a logger that nobody holds is made again, with the level of its parent. */
    private static final List<Logger> SILENT = new ArrayList<>();

    final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, GrpcStreams::thread, NioIoHandler.newFactory());
    private final Consumer<Throwable> onLost;
    private final AtomicReference<Throwable> reason = new AtomicReference<>();
    private final AtomicBoolean told = new AtomicBoolean();
    private volatile long heardNanos = System.nanoTime();

    private GrpcStreams(Consumer<Throwable> onLost)
    {
        this.onLost = onLost;
    }

    /** Keeps gRPC and Netty from logging. To be called first, where stderr has a meaning. */
    public static void silenceLogs()
    {
        synchronized (SILENT)
        {
            for (String name : List.of("io.grpc", "io.perfmark"))
            {
                Logger logger = Logger.getLogger(name);
                logger.setLevel(Level.OFF);
                SILENT.add(logger);
            }
        }
    }

    /**
     * Connects over TCP, by TLS. Blocks until the connection is there, for 20 s at most.
     *
     * @param host   name or address.
     * @param port   of it.
     * @param keys   of this side.
     * @param onLost hears why the connection has ended, once, however it ends, on the engine's thread. Not called
     *     when this method throws.
     * @return the connection.
     * @throws IOException if there is none, or the other side does not take these keys.
     */
    public static Streams dial(String host, int port, Keys keys, Consumer<Throwable> onLost) throws IOException
    {
        SslContext tls = secured(SslContextBuilder.forClient().keyManager(keys.key(), keys.certificate()), keys);
        for (int attempt = 1;; attempt++)
        {
            Dialled dialled = new Dialled(onLost);
            try
            {
                dialled.connect(
                    NettyChannelBuilder.forAddress(new InetSocketAddress(host, port))
                        .channelType(NioSocketChannel.class, InetSocketAddress.class)
                        .sslContext(tls),
                    host + ":" + port);
                return dialled;
            }
            catch (SocketTimeoutException e)
            {
                if (attempt == HANDSHAKES)
                {
                    throw e;
                }
            }
        }
    }

    /**
     * Connects over a Unix-domain socket, without TLS: for what ssh forwards, and where the directory decides who may.
     *
     * @param socket of the other side.
     * @param onLost as that of the other dial.
     * @return the connection.
     * @throws IOException if there is none.
     */
    public static Streams dial(Path socket, Consumer<Throwable> onLost) throws IOException
    {
        Dialled dialled = new Dialled(onLost);
        dialled.connect(
            NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                .usePlaintext(),
            socket.toString());
        return dialled;
    }

    /**
     * Connects over a Unix-domain socket that leads to a port elsewhere, by TLS.
     *
     * @param socket that ssh listens on.
     * @param keys   of this side.
     * @param onLost as that of the other dial.
     * @return the connection.
     * @throws IOException if there is none, or the other side does not take these keys.
     */
    public static Streams dial(Path socket, Keys keys, Consumer<Throwable> onLost) throws IOException
    {
        SslContext tls = secured(SslContextBuilder.forClient().keyManager(keys.key(), keys.certificate()), keys);
        Dialled dialled = new Dialled(onLost);
        dialled.connect(
            NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))
                .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                .sslContext(tls),
            socket.toString());
        return dialled;
    }

    /**
     * Listens on TCP for one connection, by TLS. The first whose certificate is the right one is taken; from then on
     * the port is closed.
     *
     * @param bind     the address to listen on.
     * @param port     of it; 0: any.
     * @param keys     of this side.
     * @param acceptor of the streams that the other side opens.
     * @param onLost   as that of dial; close before anybody has connected counts, too.
     * @return this side of the connection, before anybody is at the other.
     * @throws IOException if the port cannot be had.
     */
    public static Listening listen(
        InetAddress bind, int port, Keys keys, Acceptor acceptor, Consumer<Throwable> onLost) throws IOException
    {
        SslContextBuilder own = SslContextBuilder.forServer(keys.key(), keys.certificate());
        SslContext tls = secured(own.clientAuth(ClientAuth.REQUIRE), keys);
        Listening listening = new Listening(acceptor, onLost);
        listening.start(
            NettyServerBuilder.forAddress(new InetSocketAddress(bind, port)).sslContext(tls),
            NioServerSocketChannel::new);
        return listening;
    }

    /**
     * Listens on a Unix-domain socket for one connection, without TLS. The first is taken, and the socket removed.
     *
     * @param socket   to make.
     * @param acceptor of the streams that the other side opens.
     * @param onLost   as that of the other listen.
     * @return this side of the connection, before anybody is at the other.
     * @throws IOException if the socket cannot be made.
     */
    public static Listening listen(Path socket, Acceptor acceptor, Consumer<Throwable> onLost) throws IOException
    {
        Listening listening = new Listening(acceptor, onLost);
        listening.start(
            NettyServerBuilder.forAddress(UnixDomainSocketAddress.of(socket)), NioServerDomainSocketChannel::new);
        return listening;
    }

    @Override
    public final long heardNanos()
    {
        return heardNanos;
    }

    @Override
    public final void close()
    {
        if (reason.compareAndSet(null, new IOException("The connection was closed here.")))
        {
            hangUp();
        }
    }

    /** Ends the life of the connection in order. */
    abstract void endLife();

    /** Ends the connection, and what there is of gRPC. {@link #lost} follows. */
    abstract void shutDown();

    /**
     * Ends it all. On the engine's thread, in two steps: gRPC may write what is sent from another thread after what
     * shuts the connection down.
     */
    private void hangUp()
    {
        loop.execute(() ->
        {
            try
            {
                endLife();
            }
            finally
            {
                loop.execute(this::shutDown);
            }
        });
    }

    /** The connection has ended. What is told is the first reason that there was. */
    final void lost(String why, Throwable cause)
    {
        boolean first = reason.compareAndSet(null, new IOException(why, cause));
        if (told.compareAndSet(false, true))
        {
            if (first)
            {
                hangUp();
            }
            loop.shutdownGracefully(QUIET_MS, QUIET_TIMEOUT_MS, TimeUnit.MILLISECONDS);
            onLost.accept(reason.get());
        }
    }

    /** Why a stream broke: what ended the connection, where that is known. */
    final Throwable reasonOr(String why)
    {
        Throwable known = reason.get();
        return known == null ? new IOException(why) : known;
    }

    private static Thread thread(Runnable run)
    {
        Thread thread = new FastThreadLocalThread(run, "parallel-engine-0");
        thread.setDaemon(true);
        return thread;
    }

    private static SslContext secured(SslContextBuilder tls, Keys keys) throws SSLException
    {
        return GrpcSslContexts.configure(tls, SslProvider.JDK)
            .trustManager(keys.trust())
            .protocols("TLSv1.3")
            .build();
    }

    private static MethodDescriptor<Message, Message> method(String name)
    {
        return MethodDescriptor.<Message, Message>newBuilder()
            .setType(MethodType.BIDI_STREAMING)
            .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
            .setRequestMarshaller(Message.MARSHALLER)
            .setResponseMarshaller(Message.MARSHALLER)
            .build();
    }

    private static String text(Status status)
    {
        // With a cause the description is Netty's pipeline.
        if (status.getCause() != null)
        {
            return status.getCause().toString();
        }
        return status.getDescription() == null ? status.getCode().toString() : status.getDescription();
    }

    /** Gives a message to a stream's listener; one that throws has lost the stream. */
    final void hear(WindowedStream stream, Message message)
    {
        heardNanos = System.nanoTime();
        try
        {
            stream.hear(message.head, message.frame);
        }
        catch (Throwable e)
        {
            stream.fail("The listener of the stream failed: " + e);
        }
    }

    /** The side that dialled. */
    private static final class Dialled extends GrpcStreams
    {
        private final CompletableFuture<Void> connected = new CompletableFuture<>();
        private volatile boolean abandoned;
        private ManagedChannel channel;
        private ClientCall<Message, Message> life;

        Dialled(Consumer<Throwable> onLost)
        {
            super(onLost);
        }

        void connect(NettyChannelBuilder builder, String where) throws IOException
        {
            channel = builder
                .overrideAuthority("parallel")
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
                .eventLoopGroup(loop)
                .directExecutor()
                .offloadExecutor(Runnable::run)
                .proxyDetector(address -> null)
                .disableRetry()
                .disableServiceConfigLookUp()
                .maxTraceEvents(0)
                .keepAliveTime(KEEPALIVE_MS, TimeUnit.MILLISECONDS)
                .keepAliveTimeout(KEEPALIVE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .keepAliveWithoutCalls(true)
                .flowControlWindow(CONNECTION_WINDOW)
                .maxInboundMessageSize(HEAD_BYTES + FRAME_BYTES)
                .maxInboundMetadataSize(HEADERS_BYTES)
                .build();
            life = channel.newCall(LIFE, CallOptions.DEFAULT);
            long begun = System.nanoTime();
            life.start(new LifeListener(), new Metadata());
            life.request(1);
            try
            {
                // Only the other side's answer says that it has taken our certificate: in TLS 1.3 a client has done its
                // part of the handshake before.
                connected.get(CONNECT_MS, TimeUnit.MILLISECONDS);
            }
            catch (ExecutionException e)
            {
                giveUp();
                String why = "No connection to " + where + ": " + e.getCause().getMessage();
                if (isSlowHandshake(e.getCause(), System.nanoTime() - begun))
                {
                    throw new SocketTimeoutException(why);
                }
                throw new IOException(why, e.getCause());
            }
            catch (TimeoutException e)
            {
                giveUp();
                throw new IOException("No connection to " + where + ": no answer within " + CONNECT_MS + " ms", e);
            }
            catch (InterruptedException e)
            {
                giveUp();
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("Interrupted while connecting to " + where);
            }
        }

        /** Either side may have ended it when its time was up. */
        private static boolean isSlowHandshake(Throwable why, long nanos)
        {
            return !(why.getCause() instanceof ConnectException) &&
                TimeUnit.NANOSECONDS.toMillis(nanos) > HANDSHAKE_MS / 2;
        }

        private void giveUp()
        {
            abandoned = true;
            channel.shutdownNow();
            loop.shutdownGracefully(QUIET_MS, QUIET_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        }

        @Override
        public Stream open(long name, StreamListener listener)
        {
            Metadata headers = new Metadata();
            headers.put(NAME, Long.toString(name));
            ClientCall<Message, Message> call = channel.newCall(STREAM, CallOptions.DEFAULT);
            WindowedStream stream = new WindowedStream(new ClientWire(call));
            stream.listen(listener);
            call.start(new StreamCall(stream), headers);
            call.request(Integer.MAX_VALUE);
            return stream;
        }

        @Override
        void endLife()
        {
            life.halfClose();
        }

        @Override
        void shutDown()
        {
            channel.shutdownNow();
        }

        private final class LifeListener extends ClientCall.Listener<Message>
        {
            @Override
            public void onHeaders(Metadata headers)
            {
                connected.complete(null);
            }

            @Override
            public void onClose(Status status, Metadata trailers)
            {
                Throwable cause = status.getCause();
                if (connected.completeExceptionally(new IOException(text(status), cause)) || abandoned)
                {
                    return;
                }
                lost(
                    status.isOk() ? "The other side closed the connection." : "The connection broke: " + text(status),
                    cause);
            }
        }

        private final class StreamCall extends ClientCall.Listener<Message>
        {
            private final WindowedStream stream;

            StreamCall(WindowedStream stream)
            {
                this.stream = stream;
            }

            @Override
            public void onMessage(Message message)
            {
                hear(stream, message);
            }

            @Override
            public void onClose(Status status, Metadata trailers)
            {
                stream.broken(reasonOr("The stream broke: " + text(status)));
            }
        }
    }

    private static final class ClientWire implements WindowedStream.Wire
    {
        private final ClientCall<Message, Message> call;

        ClientWire(ClientCall<Message, Message> call)
        {
            this.call = call;
        }

        @Override
        public void send(int head, byte[] frame)
        {
            call.sendMessage(new Message(head, frame));
        }

        @Override
        public void finish()
        {
            call.halfClose();
        }

        @Override
        public void abort(String why)
        {
            call.cancel(why, null);
        }
    }

    /** The side that listens. It opens no streams. */
    public static final class Listening extends GrpcStreams
    {
        private static final Attributes.Key<Boolean> TAKEN = Attributes.Key.create("taken");

        private final Acceptor acceptor;
        /** Connections that are there. The engine's thread alone has this and the next two. */
        private final Set<Channel> connections = new HashSet<>();
        private ServerCall<Message, Message> life;
        private boolean taken;
        private volatile Channel door;
        private Server server;
        private int port;

        private Listening(Acceptor acceptor, Consumer<Throwable> onLost)
        {
            super(onLost);
            this.acceptor = acceptor;
        }

        private void start(NettyServerBuilder builder, Supplier<ServerChannel> channels)
            throws IOException
        {
            server = builder
                .channelFactory(() -> guarded(channels.get()))
                .bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .directExecutor()
                .handshakeTimeout(HANDSHAKE_MS, TimeUnit.MILLISECONDS)
                .keepAliveTime(KEEPALIVE_MS, TimeUnit.MILLISECONDS)
                .keepAliveTimeout(KEEPALIVE_TIMEOUT_MS, TimeUnit.MILLISECONDS)
                .permitKeepAliveTime(KEEPALIVE_MS / 2, TimeUnit.MILLISECONDS)
                .permitKeepAliveWithoutCalls(true)
                .flowControlWindow(CONNECTION_WINDOW)
                .maxInboundMessageSize(HEAD_BYTES + FRAME_BYTES)
                .maxInboundMetadataSize(HEADERS_BYTES)
                .addTransportFilter(new Doorkeeper())
                .addService(ServerServiceDefinition.builder(SERVICE)
                    .addMethod(LIFE, admitted(this::startLife))
                    .addMethod(STREAM, admitted(this::startStream))
                    .build())
                .build();
            try
            {
                server.start();
                port = server.getPort();
            }
            catch (IOException e)
            {
                server.shutdownNow();
                loop.shutdownGracefully(QUIET_MS, QUIET_TIMEOUT_MS, TimeUnit.MILLISECONDS);
                throw e;
            }
        }

        /**
         * Tells where to dial.
         *
         * @return the port; -1 where a Unix-domain socket is listened on.
         */
        public int port()
        {
            return port;
        }

        @Override
        public Stream open(long name, StreamListener listener)
        {
            throw new UnsupportedOperationException("The side that dialled opens the streams.");
        }

        @Override
        void endLife()
        {
            if (life != null)
            {
                life.close(Status.OK, new Metadata());
            }
        }

        @Override
        void shutDown()
        {
            server.shutdownNow();
            if (!taken)
            {
                lost("Nobody has connected.", null);
            }
        }

        private ServerChannel guarded(ServerChannel channel)
        {
            channel.pipeline().addLast(new Guard());
            door = channel;
            return channel;
        }

        private static ServerCallHandler<Message, Message> admitted(ServerCallHandler<Message, Message> handler)
        {
            return (call, headers) ->
            {
                if (call.getAttributes().get(TAKEN) == null)
                {
                    call.close(Status.PERMISSION_DENIED, new Metadata());
                    return new ServerCall.Listener<>()
                    {
                    };
                }
                call.sendHeaders(new Metadata());
                return handler.startCall(call, headers);
            };
        }

        private ServerCall.Listener<Message> startLife(ServerCall<Message, Message> call, Metadata headers)
        {
            life = call;
            return new ServerCall.Listener<>()
            {
                @Override
                public void onHalfClose()
                {
                    lost("The other side closed the connection.", null);
                }
            };
        }

        private ServerCall.Listener<Message> startStream(ServerCall<Message, Message> call, Metadata headers)
        {
            ServerWire wire = new ServerWire(call);
            WindowedStream stream = new WindowedStream(wire);
            StreamListener listener = listener(headers.get(NAME), stream);
            if (listener == null)
            {
                stream.fail("The other side refused the stream.");
                return new ServerCall.Listener<>()
                {
                };
            }
            stream.listen(listener);
            call.request(Integer.MAX_VALUE);
            return new StreamCall(stream, wire);
        }

        private StreamListener listener(String name, WindowedStream stream)
        {
            try
            {
                return acceptor.accept(Long.parseLong(name), stream);
            }
            catch (RuntimeException e)
            {
                return null;
            }
        }

        /** Closes connections that are too many before a byte of them is read. On the engine's thread. */
        private final class Guard extends ChannelInboundHandlerAdapter
        {
            @Override
            public void channelRead(ChannelHandlerContext context, Object accepted)
            {
                Channel connection = (Channel)accepted;
                if (taken || connections.size() >= MOST_PENDING)
                {
                    connection.unsafe().closeForcibly();
                    return;
                }
                connections.add(connection);
                connection.closeFuture().addListener(closed -> connections.remove(connection));
                context.fireChannelRead(accepted);
            }
        }

        /** Takes the first connection that has proved itself, and shuts the door. On the engine's thread. */
        private final class Doorkeeper extends ServerTransportFilter
        {
            @Override
            public Attributes transportReady(Attributes attributes)
            {
                if (taken)
                {
                    return attributes;
                }
                taken = true;
                door.close();
                SocketAddress mine = attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
                List.copyOf(connections).stream()
                    .filter(connection -> !mine.equals(connection.remoteAddress()))
                    .forEach(Channel::close);
                return attributes.toBuilder().set(TAKEN, true).build();
            }

            @Override
            public void transportTerminated(Attributes attributes)
            {
                if (attributes != null && attributes.get(TAKEN) != null)
                {
                    lost("The connection broke.", null);
                }
            }
        }

        private final class StreamCall extends ServerCall.Listener<Message>
        {
            private final WindowedStream stream;
            private final ServerWire wire;

            StreamCall(WindowedStream stream, ServerWire wire)
            {
                this.stream = stream;
                this.wire = wire;
            }

            @Override
            public void onMessage(Message message)
            {
                hear(stream, message);
            }

            @Override
            public void onHalfClose()
            {
                if (wire.finished)
                {
                    wire.close(Status.OK);
                }
                else
                {
                    stream.fail("The other side ended the stream in its midst.");
                }
            }

            @Override
            public void onCancel()
            {
                stream.broken(reasonOr("The stream broke: the other side or the connection ended it."));
            }

            @Override
            public void onComplete()
            {
                stream.broken(reasonOr("The stream broke here."));
            }
        }
    }

    private static final class ServerWire implements WindowedStream.Wire
    {
        private final ServerCall<Message, Message> call;
        /** The engine's thread alone has these two. */
        private boolean finished;
        private boolean closed;

        ServerWire(ServerCall<Message, Message> call)
        {
            this.call = call;
        }

        @Override
        public void send(int head, byte[] frame)
        {
            call.sendMessage(new Message(head, frame));
        }

        /** The side that opened the call ends it first, so that nothing of it is reset. */
        @Override
        public void finish()
        {
            finished = true;
        }

        @Override
        public void abort(String why)
        {
            close(Status.ABORTED.withDescription(why));
        }

        void close(Status status)
        {
            if (!closed)
            {
                closed = true;
                call.close(status, new Metadata());
            }
        }
    }

    /** What a call carries: a head of one byte, and perhaps a frame. */
    private record Message(int head, byte[] frame)
    {
        static final Marshaller<Message> MARSHALLER = new Marshaller<>()
        {
            @Override
            public InputStream stream(Message message)
            {
                return new Outgoing(message);
            }

            @Override
            public Message parse(InputStream in)
            {
                try
                {
                    int head = in.read();
                    byte[] frame = in.readNBytes(in.available());
                    return new Message(head, frame.length == 0 ? null : frame);
                }
                catch (IOException e)
                {
                    throw Status.INTERNAL.withCause(e).asRuntimeException();
                }
            }
        };
    }

    /** Writes a message without a copy of its frame. */
    private static final class Outgoing extends InputStream implements Drainable, KnownLength
    {
        private static final byte[] NONE = {};

        private final int head;
        private final byte[] frame;
        private int position;

        Outgoing(Message message)
        {
            head = message.head;
            frame = message.frame == null ? NONE : message.frame;
        }

        @Override
        public int drainTo(OutputStream out) throws IOException
        {
            out.write(head);
            out.write(frame);
            return HEAD_BYTES + frame.length;
        }

        @Override
        public int available()
        {
            return HEAD_BYTES + frame.length - position;
        }

        @Override
        public int read()
        {
            if (available() == 0)
            {
                return -1;
            }
            int at = position++;
            return at == 0 ? head : frame[at - HEAD_BYTES] & 0xff;
        }
    }
}
