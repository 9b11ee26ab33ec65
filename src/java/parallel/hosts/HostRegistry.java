package parallel.hosts;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

import parallel.HostOptions;
import parallel.HostOptions.Option;
import parallel.ParallelException;
import parallel.StartFailedException;
import parallel.codec.Codec;
import parallel.control.Errors;
import parallel.runtime.Context;

/** The hosts of this process's session. Safe from any thread. */
public final class HostRegistry
{
    private static final HostRegistry CURRENT = new HostRegistry();
    static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    static final Duration HOST_TIMEOUT = Duration.ofSeconds(12);
    private static final int NICE = 5;
    /** The link process has its own, a little earlier. */
    private static final long ANSWER_MS = 5_000;

    private final List<HostHandle> hosts = new CopyOnWriteArrayList<>();
    private LinkJvm linkJvm;
    private int last;
    private boolean closesWithContext;

    private HostRegistry()
    {
    }

    public static HostRegistry current()
    {
        return CURRENT;
    }

    /**
     * The host that this process is on.
     *
     * @return its name; null: that of the root.
     */
    public static String hostOfThis()
    {
        return Context.current().id() == 0 ? null : System.getenv(RemoteStart.HOST_VARIABLE);
    }

    /**
     * Brings a host in; blocks until its agent is up.
     *
     * @param options how.
     * @return the host.
     */
    public HostHandle add(HostOptions options)
    {
        if (options == null)
        {
            throw Errors.badArgument("A host's options are made by HostOptions.start(...), not null.");
        }
        checkRoot();
        return awaitUp(entered(options), options);
    }

    /** Blocks until the host is up; one that cannot be brought in is forgotten. */
    HostHandle awaitUp(HostHandle host, HostOptions options)
    {
        Duration timeout = orElse(options.get(Option.START_TIMEOUT, Duration.class), START_TIMEOUT);
        try
        {
            host.up().get(timeout.toMillis() + ANSWER_MS, TimeUnit.MILLISECONDS);
            return host;
        }
        catch (ExecutionException e)
        {
            forget(host);
            throw e.getCause() instanceof ParallelException error ? error : new IllegalStateException(e.getCause());
        }
        catch (TimeoutException e)
        {
            forget(host);
            throw new StartFailedException("Host " + host.name() + " could not be added within " +
                timeout.toMillis() + " ms (start-timeout-ms).", Map.of("host", host.name()), e);
        }
        catch (InterruptedException e)
        {
            host.close();
            forget(host);
            Thread.currentThread().interrupt();
            throw new StartFailedException("Host " + host.name() + " was not added: interrupted.",
                Map.of("host", host.name()), e);
        }
    }

    static void checkRoot()
    {
        if (Context.current().id() != 0)
        {
            throw Errors.badArgument("Worker " + Context.current().id() +
                " has no hosts: add them, and start their workers, in the root.");
        }
    }

    synchronized HostHandle entered(HostOptions options)
    {
        String name = options.get(Option.NAME, String.class);
        if (name != null && hosts.stream().anyMatch(host -> host.isPresent() && host.name().equals(name)))
        {
            throw Errors.badArgument("There is a host " + name + " already. Give this one another name, or remove " +
                "that one.");
        }
        HostHandle host = new HostHandle(last + 1, options, link());
        last++;
        hosts.add(host);
        linkJvm.add(host, encoded(options));
        return host;
    }

    private LinkJvm link()
    {
        if (!closesWithContext)
        {
            closesWithContext = true;
            Context.ofProcess().afterClose(this::close);
        }
        if (linkJvm == null || linkJvm.isGone())
        {
            try
            {
                linkJvm = LinkJvm.start();
            }
            catch (IOException | TimeoutException e)
            {
                throw new StartFailedException("The process that holds the connections to hosts did not start. " +
                    e.getMessage(), Map.of(), e);
            }
            catch (InterruptedException e)
            {
                Thread.currentThread().interrupt();
                throw new StartFailedException("The process that holds the connections to hosts did not start: " +
                    "interrupted.", Map.of(), e);
            }
        }
        return linkJvm;
    }

    private static byte[] encoded(HostOptions options)
    {
        Map<String, Object> how = new HashMap<>();
        how.put("start", options.get(Option.START, List.class));
        how.put("slurm", options.get(Option.SLURM, List.class));
        how.put("ssh", options.get(Option.SSH, String.class));
        how.put("ssh-opts", orElse(options.get(Option.SSH_OPTS, List.class), List.of()));
        how.put("forward", options.get(Option.FORWARD, String.class));
        how.put("dir", orElse(options.get(Option.DIR, String.class), System.getProperty("user.dir")));
        how.put("address", options.get(Option.ADDRESS, String.class));
        how.put("java", options.get(Option.JAVA, String.class));
        how.put("jvm-opts", orElse(options.get(Option.JVM_OPTS, List.class), List.of()));
        how.put("host-timeout-ms", orElse(options.get(Option.HOST_TIMEOUT, Duration.class), HOST_TIMEOUT).toMillis());
        how.put("start-timeout-ms",
            orElse(options.get(Option.START_TIMEOUT, Duration.class), START_TIMEOUT).toMillis());
        how.put("nice", orElse(options.get(Option.NICE, Integer.class), NICE));
        how.put("same", options.get(Option.CLASSPATH, String.class) != null);
        Properties engine = LinkJvm.engine();
        how.put("agent", engine.getProperty("agent"));
        how.put("code", List.of(engine.getProperty("code").split(" ")));
        return Codec.toBytes(how);
    }

    private static <T> T orElse(T value, T otherwise)
    {
        return value != null ? value : otherwise;
    }

    private void forget(HostHandle host)
    {
        host.abandon();
        hosts.remove(host);
    }

    public List<HostHandle> all()
    {
        return List.copyOf(hosts);
    }

    /** Those that can be used, in words. */
    String usable()
    {
        String names = hosts.stream().filter(HostHandle::isUsable).map(HostHandle::name)
            .collect(Collectors.joining(", "));
        return names.isEmpty() ? "none" : names;
    }

    /**
     * The host of a name.
     *
     * @param name of one that is there.
     * @return the host.
     * @throws ParallelException with BAD_ARGUMENT if there is none.
     */
    public HostHandle named(String name)
    {
        checkRoot();
        return hosts.stream().filter(host -> host.isPresent() && host.name().equals(name)).findFirst()
            .orElseThrow(() -> Errors.badArgument(
                "There is no host " + name + ". Hosts that can be used are " + usable() + "."));
    }

    /** Closes all hosts and forgets them; blocks until that is done. */
    public void close()
    {
        all().forEach(HostHandle::close);
        LinkJvm ending;
        synchronized (this)
        {
            hosts.clear();
            LocalHost.INSTANCE.measured(0, 0);      // its speed was relative to theirs
            ending = linkJvm;
            linkJvm = null;
        }
        if (ending == null)
        {
            return;
        }
        try
        {
            ending.close();
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }
}
