package parallel.runtime;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.process.ClassPath;
import parallel.process.Launch;
import parallel.process.StartCache;

/**
 * How a worker's JVM is started, as of now: its class path is that of the calling thread.
 *
 * @param launch what is started.
 * @param cache  the start cache that it uses, or may use once that is made.
 */
record WorkerLaunch(Launch launch, Optional<StartCache> cache)
{
    private static final String MAIN = "parallel.child.Main";

    static WorkerLaunch of(WorkerOptions options)
    {
        final Launch.Builder launch = Launch.builder().mainClass(MAIN)
            .jvmOpts(strings(options, Option.JVM_OPTS))
            .classPath(classPath(options))
            .environment(environment(options));
        final Optional<StartCache> cache = options.isSet(Option.JAVA) || options.isSet(Option.CLASSPATH) ? Optional.empty() : StartCaches.find();
        cache.ifPresent(launch::startCache);
        if (options.isSet(Option.MAX_HEAP))
        {
            launch.maxHeap(options.get(Option.MAX_HEAP, String.class));
        }
        if (options.isSet(Option.JAVA))
        {
            launch.javaCommand(options.get(Option.JAVA, Path.class).toString());
        }
        if (options.isSet(Option.DIR))
        {
            launch.directory(options.get(Option.DIR, Path.class));
        }
        return new WorkerLaunch(launch.build(), cache);
    }

    static List<String> classPath(WorkerOptions options)
    {
        return options.isSet(Option.CLASSPATH) ? strings(options, Option.CLASSPATH) : ClassPath.current();
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static List<String> strings(WorkerOptions options, Option option)
    {
        return options.get(option, List.class);
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static Map<String, String> environment(WorkerOptions options)
    {
        return options.get(Option.ENV, Map.class);
    }
}
