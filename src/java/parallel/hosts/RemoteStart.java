package parallel.hosts;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

import parallel.HostOptions;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.codec.Codec;
import parallel.control.Work;
import parallel.place.Bases;
import parallel.place.ProcessorChoice;
import parallel.process.Base;
import parallel.process.Blob;
import parallel.process.Blobs;
import parallel.process.StartCache;
import parallel.relay.ArrivingCode;
import parallel.runtime.Context;
import parallel.runtime.Session;
import parallel.runtime.StartSpec;

/**
 * How a worker is started, on its way to the agent: the options that matter to its process. Where its output and its
 * events go is the parent's business, and what it evaluates comes on its control stream.
 *
 * @param spec of the worker, on the agent's side.
 * @param base what its JVM is started from there.
 */
record RemoteStart(StartSpec spec, Base base)
{
    /** In the environment of a worker on a host, and of those that it starts: the host's name. */
    static final String HOST_VARIABLE = "PARALLEL_HOST";

    /**
     * Encodes it.
     *
     * @param offer hears of the jars that the agent may ask for.
     * @throws IOException if the class path cannot be read.
     */
    static byte[] encode(StartSpec spec, String host, HostOptions ofHost, Consumer<List<Blob>> offer) throws IOException
    {
        WorkerOptions options = spec.options();
        Map<String, Object> how = new HashMap<>();
        Base base = Bases.ofThisJvm(options);
        boolean same = ofHost.get(HostOptions.Option.CLASSPATH, String.class) != null;
        how.put("base", same ? encode(base) : encodeByContent(base, offer));
        how.put("by-content", !same);
        how.put("jvm-opts", options.get(Option.JVM_OPTS, List.class));
        Map<Object, Object> environment = new HashMap<>();
        Map<?, ?> variables = ofHost.get(HostOptions.Option.ENV, Map.class);
        environment.putAll(variables == null ? Map.of() : variables);
        environment.putAll((Map<?, ?>)options.get(Option.ENV, Map.class));
        environment.put(HOST_VARIABLE, host);
        how.put("env", environment);
        how.put("ring-bytes", options.get(Option.RING_BYTES, Integer.class));
        how.put("start-timeout-ms", options.get(Option.START_TIMEOUT, Duration.class).toMillis());
        how.put("max-depth", options.get(Option.MAX_DEPTH, Integer.class));
        how.put("max-workers", options.get(Option.MAX_WORKERS, Integer.class));
        how.put("dir", ofHost.get(HostOptions.Option.DIR, String.class));
        put(how, options, Option.MAX_HEAP, "max-heap");
        put(how, options, Option.NAME, "name");
        put(how, options, Option.CPUS, "cpus");
        put(how, options, Option.NICE, "nice");
        put(how, options, Option.RELOAD, "reload");
        put(how, options, Option.DIR, "dir");
        put(how, options, Option.JAVA, "java");
        put(how, options, Option.INBOX_BYTES, "inbox-bytes");
        return Codec.toBytes(how);
    }

    /** Without what the agent has of its own: the java, and what that is of. */
    private static Object[] encode(Base base)
    {
        Map<String, String> places = new LinkedHashMap<>();
        base.startCode().ifPresent(code -> code.places().forEach((name, place) -> places.put(name, place.toString())));
        return new Object[]{ base.classPath(), base.flags(), places,
            base.startCode().map(Base.StartCode::program).orElse(List.of()) };
    }

    /** The same with the sum of each jar in place of its path; where a start cache cannot be had here, none there. */
    private static Object[] encodeByContent(Base base, Consumer<List<Blob>> offer) throws IOException
    {
        Path scratch = Session.current().directory().memory();
        List<Blob> blobs = Blobs.of(base.classPath(), scratch);
        offer.accept(blobs);
        Map<String, String> places = new LinkedHashMap<>();
        List<String> program = List.of();
        if (StartCache.find(base).isPresent())
        {
            Base.StartCode code = base.startCode().orElseThrow();
            for (Map.Entry<String, Path> each : code.places().entrySet())
            {
                places.put(each.getKey(), Blobs.of(each.getValue(), scratch).sum());
            }
            program = code.program();
        }
        return new Object[]{ blobs.stream().map(Blob::sum).distinct().toList(), base.flags(), places, program };
    }

    private static void put(Map<String, Object> how, WorkerOptions options, Option option, String name)
    {
        if (options.isSet(option))
        {
            Object value = options.get(option, Object.class);
            how.put(name, value instanceof Path path ? path.toString() : value);
        }
    }

    /**
     * Decodes it; blocks until its jars are here.
     *
     * @throws IOException          if one of them cannot be had.
     * @throws InterruptedException if interrupted.
     */
    @SuppressWarnings("unchecked")  // as encode has put them; what is no such value is refused by the builder's casts
    static RemoteStart decode(int id, byte[] bytes, ArrivingCode code) throws IOException, InterruptedException
    {
        Map<String, Object> how = (Map<String, Object>)Codec.fromBytes(bytes);
        WorkerOptions.Builder options = WorkerOptions.builder()
            .jvmOpts((List<String>)how.get("jvm-opts"))
            .env((Map<String, String>)how.get("env"))
            .ringBytes((Integer)how.get("ring-bytes"))
            .startTimeout(Duration.ofMillis((Long)how.get("start-timeout-ms")))
            .maxDepth((Integer)how.get("max-depth"))
            .maxWorkers((Integer)how.get("max-workers"));
        if (how.get("max-heap") instanceof String size)
        {
            options.maxHeap(size);
        }
        if (how.get("name") instanceof String name)
        {
            options.name(name);
        }
        if (how.get("cpus") instanceof List<?> numbers)
        {
            options = numbers.isEmpty() ? options.oneCpuEach() : options.cpus((List<Integer>)numbers);
        }
        if (how.get("nice") instanceof Integer increment)
        {
            options.nice(increment);
        }
        if (how.get("reload") instanceof Boolean changed)
        {
            options.reload(changed);
        }
        if (how.get("dir") instanceof String directory)
        {
            options.dir(Path.of(directory));
        }
        if (how.get("java") instanceof String java)
        {
            options.java(Path.of(java));
        }
        if (how.get("inbox-bytes") instanceof Long bytesOfInbox)
        {
            options.inboxBytes(bytesOfInbox);
        }
        Object[] base = (Object[])how.get("base");
        Map<String, String> jars = new LinkedHashMap<>();
        if ((Boolean)how.get("by-content"))
        {
            long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos((Long)how.get("start-timeout-ms"));
            for (String sum : (List<String>)base[0])
            {
                jars.put(sum, code.get(sum, deadline).toString());
            }
        }
        return new RemoteStart(new StartSpec(Context.ofProcess(), id, ProcessorChoice.made(options.build()), Work.IDLE),
            decode(base, entry -> jars.getOrDefault(entry, entry)));
    }

    @SuppressWarnings("unchecked")  // as encode has put them
    private static Base decode(Object[] base, UnaryOperator<String> path)
    {
        Map<String, Path> places = new LinkedHashMap<>();
        ((Map<String, String>)base[2]).forEach((name, place) -> places.put(name, Path.of(path.apply(place))));
        List<String> program = (List<String>)base[3];
        Base own = Base.ofThisJvm(List.of(), Optional.empty());
        return new Base(((List<String>)base[0]).stream().map(path).toList(), own.javaHome(), own.vmVersion(),
            (List<String>)base[1],
            program.isEmpty() ? Optional.empty() : Optional.of(new Base.StartCode(places, program)));
    }
}
