package parallel.place;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.codec.ByName;
import parallel.control.Language;
import parallel.control.RecordingNames;
import parallel.process.Base;
import parallel.process.Launch;
import parallel.process.StartCache;
import parallel.runtime.Session;

/**
 * How a worker's JVM is started.
 *
 * @param launch what is started.
 * @param base   what it is started from.
 * @param cache  the start cache that it uses, or may use once that is made.
 */
record WorkerLaunch(Launch launch, Base base, Optional<StartCache> cache)
{
    static WorkerLaunch of(WorkerOptions options, Base base)
    {
        Launch.Builder launch = Launch.builder().mainClass(ByName.MAIN)
            .jvmOpts(jvmOpts(options))
            .base(base)
            .directoriesOfSession(Session.current().directory().own())
            .environment(environment(options));
        Optional<StartCache> cache = StartCache.find(base);
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
        if (options.isSet(Option.CPUS))
        {
            launch.processors(processors(options));
        }
        launch.nice(options.get(Option.NICE, Integer.class));
        return new WorkerLaunch(launch.build(), base, cache);
    }

    private static List<String> jvmOpts(WorkerOptions options)
    {
        List<String> jvmOpts = new ArrayList<>();
        if (options.get(Option.RELOAD, Boolean.class))
        {
            jvmOpts.add("-D" + Language.RELOAD_PROPERTY + "=true");
        }
        if (options.get(Option.FLIGHT, Boolean.class))
        {
            jvmOpts.add("-D" + RecordingNames.FLIGHT_PROPERTY + "=" + Session.current().disk());
        }
        jvmOpts.addAll(strings(options, Option.JVM_OPTS));
        return jvmOpts;
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static List<Integer> processors(WorkerOptions options)
    {
        return options.get(Option.CPUS, List.class);
    }

    /** Of a process of ours that is no worker: small, and the same wherever it is started. */
    static WorkerLaunch ofHelper(String mainClass, Base base, List<String> jvmOpts)
    {
        Launch.Builder launch = Launch.builder().mainClass(mainClass).jvmOpts(jvmOpts).base(base)
            .directoriesOfSession(Session.current().directory().own()).environment(Map.of());
        return new WorkerLaunch(launch.build(), base, Optional.empty());
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    static List<String> strings(WorkerOptions options, Option option)
    {
        return options.get(option, List.class);
    }

    @SuppressWarnings("unchecked")  // WorkerOptions.Builder takes no other kind
    private static Map<String, String> environment(WorkerOptions options)
    {
        return options.get(Option.ENV, Map.class);
    }
}
