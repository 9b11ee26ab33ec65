package parallel.dashboard;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

import com.sun.net.httpserver.HttpServer;

import parallel.Dashboard;
import parallel.DashboardOptions;
import parallel.control.Errors;
import parallel.runtime.Context;

/** A dashboard that is open, until it or the workers of its context are closed. */
final class Server implements Dashboard
{
    private static final byte[] LOOPBACK = {127, 0, 0, 1};
    private static final int BACKLOG = 32;

    private final HttpServer http;
    private final Keys keys = new Keys();
    private final RequestThreads threads;
    private final Pulse pulse;
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile Runnable removeHook = () -> { };

    private Server(HttpServer http, RequestThreads threads, Pulse pulse)
    {
        this.http = http;
        this.threads = threads;
        this.pulse = pulse;
    }

    static Server open(DashboardOptions options, Supplier<List<Map<String, Object>>> findings)
    {
        HttpServer http = bound(options.port());
        Context context = Context.current();
        RequestThreads threads = new RequestThreads(context);
        Profiles profiles = new Profiles(context, threads);
        Pulse pulse = new Pulse(new Snapshot(context, new Findings(findings, threads), profiles), threads);
        Server server = new Server(http, threads, pulse);
        Actions actions = options.actions() ? new Actions(context, threads, profiles) : null;
        http.createContext("/", new Routes(new Gate(server.port()), server.keys, pulse, actions));
        http.setExecutor(threads);
        boolean started = false;
        try
        {
            server.start();
            started = true;
        }
        finally
        {
            if (!started)
            {
                http.stop(0);
            }
        }
        server.removeHook = context.beforeClose(server::close);
        return server;
    }

    private static HttpServer bound(int port)
    {
        try
        {
            return HttpServer.create(new InetSocketAddress(InetAddress.getByAddress(LOOPBACK), port), BACKLOG);
        }
        catch (IOException e)
        {
            throw Errors.badArgument("A dashboard cannot listen on port " + port + " of 127.0.0.1: " + e.getMessage() +
                ". Without a port it takes one that is free.");
        }
    }

    /** The thread of the JDK that accepts is a daemon where one starts it: the JVM may exit. */
    private void start()
    {
        CompletableFuture<Void> started = new CompletableFuture<>();
        threads.start(() ->
        {
            try
            {
                http.start();
                started.complete(null);
            }
            catch (Throwable e)
            {
                started.completeExceptionally(e);
                return;
            }
            pulse.run();
        });
        started.join();
    }

    @Override
    public String url()
    {
        return url(keys.newToken());
    }

    /** The address for a browser that this process starts. */
    String urlOfOwnUser()
    {
        return url(keys.newTokenOfOwnUser());
    }

    private String url(String token)
    {
        return "http://127.0.0.1:" + port() + "/?token=" + token;
    }

    @Override
    public int port()
    {
        return http.getAddress().getPort();
    }

    @Override
    public boolean isOpen()
    {
        return !closed.get();
    }

    @Override
    public void close()
    {
        if (closed.compareAndSet(false, true))
        {
            removeHook.run();
            pulse.end();
            http.stop(0);
            threads.end();
        }
    }

    /** Without its address, which would be good for whoever reads it. */
    @Override
    public String toString()
    {
        return "#parallel/dashboard{:port " + port() + " :open " + isOpen() + "}";
    }
}
