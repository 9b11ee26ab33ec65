package parallel.place;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.control.Language;
import parallel.process.Base;
import parallel.process.ClassPath;

/**
 * Says what the JVMs of workers are started from: asked again for each of them, since libraries may be added meanwhile.
 * Safe from any thread.
 */
@FunctionalInterface
public interface Bases
{
    /**
     * What a worker's JVM is started from now; the class path may be that of the calling thread.
     *
     * @param options of the worker; their class path counts, their java command is not the base's.
     * @return the base.
     */
    Base of(WorkerOptions options);

    /**
     * What this JVM has. One with a class path or a java command of its own has no start cache.
     *
     * @param options of the worker.
     * @return the base.
     */
    static Base ofThisJvm(WorkerOptions options)
    {
        List<String> given = options.isSet(Option.CLASSPATH) ? WorkerLaunch.strings(options, Option.CLASSPATH) : null;
        return given == null && !options.isSet(Option.JAVA) ? ofThisJvm() :
            Base.ofThisJvm(given == null ? ClassPath.current() : given, Optional.empty());
    }

    /**
     * What this JVM has, for a worker without options.
     *
     * @return the base; without Clojure it has no start cache: plain Java starts soon enough.
     */
    static Base ofThisJvm()
    {
        return Base.ofThisJvm(ClassPath.current(), startCode(Language.find()));
    }

    private static Optional<Base.StartCode> startCode(Language language)
    {
        if (language == null)
        {
            return Optional.empty();
        }
        List<String> names = new ArrayList<>(List.of("parallel/Parallel.class", "org/agrona/DirectBuffer.class"));
        names.addAll(language.resources());
        return Base.StartCode.find(names, language.startCacheProgram());
    }
}
