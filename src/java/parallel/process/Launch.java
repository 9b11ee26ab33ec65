package parallel.process;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A JVM that can be started: what runs, where, and with which options. Immutable; may be started any number of times.
 *
 * <pre>{@code
 *   LaunchedProcess worker = Launch.builder()
 *       .base(base)
 *       .mainClass("parallel.child.Main")
 *       .build()
 *       .start(session.memory());
 * }</pre>
 */
public final class Launch
{
    private final Builder options;

    private Launch(Builder options)
    {
        this.options = options;
    }

    /** @return a builder with every default. */
    public static Builder builder()
    {
        return new Builder();
    }

    /**
     * Starts the JVM and returns as soon as its process exists. The file with its arguments is kept readable until
     * {@link LaunchedProcess#started()}. Blocks only for the operating system. Safe from any thread.
     *
     * @param scratch a directory for the argument file, private to this user.
     * @return the running process.
     * @throws LaunchException when it cannot be started, in one sentence that says what is missing.
     */
    public LaunchedProcess start(Path scratch) throws LaunchException
    {
        return new Launcher(this).start(scratch);
    }

    /** @return what it is started from. */
    Base base()
    {
        return options.base;
    }

    /** @return the java command as given, null for that of the base. */
    public String javaCommand()
    {
        return options.javaCommand;
    }

    /** @return the directory the worker starts in, null for this process's own. */
    public Path directory()
    {
        return options.directory;
    }

    /** @return the variables that are added to (null value: taken from) the inherited environment. */
    public Map<String, String> environment()
    {
        return options.environment;
    }

    /**
     * @return directories that end with this process, and that whoever outlives it is to remove: empty ones, or none.
     */
    List<Path> directoriesOfSession()
    {
        return options.directoriesOfSession;
    }

    /** @return the user's JVM options. */
    public List<String> jvmOpts()
    {
        return options.jvmOpts;
    }

    /**
     * What it would start now: two launches with equal fingerprints start the same program from the same files, as far
     * as a JVM opens these before it loads any code of the user's: jars, Clojure, the library and the data readers.
     *
     * @return the words of its command, its environment and directory, and path, size and time of each of these files.
     */
    public List<String> fingerprint()
    {
        List<String> words = new ArrayList<>(arguments());
        words.add(options.javaCommand == null ? options.base.javaCommand() : options.javaCommand);
        words.add(String.valueOf(options.directory));
        words.add(options.environment.toString());
        words.add(options.processors + " " + options.nice);
        if (options.startCache != null)
        {
            words.add(options.startCache.jar().toString());     // its path is a stamp of what it has been made of
        }
        words.addAll(FileStamps.ofClassPath(options.base.classPath(), options.startCache != null));
        return words;
    }

    /** Numbers of processors; empty: all that this process may use. */
    List<Integer> processors()
    {
        return options.processors;
    }

    /** Added to how nice this process is. */
    int nice()
    {
        return options.nice;
    }

    /**
     * The arguments of the java command, in the order in which later ones win: ours, those of the base, the heap, the
     * user's.
     *
     * @return a new list.
     */
    List<String> arguments()
    {
        List<String> entries = options.base.classPath();
        List<String> arguments = new ArrayList<>(JvmFlags.OWN);
        if (options.startCache != null)
        {
            arguments.addAll(options.startCache.flags());
        }
        arguments.addAll(options.base.flags());
        if (options.maxHeap != null)
        {
            arguments.add("-Xmx" + options.maxHeap);
        }
        arguments.addAll(options.jvmOpts);
        arguments.add("-cp");
        arguments.add(String.join(File.pathSeparator,
            options.startCache == null ? entries : options.startCache.classPath(entries)));
        arguments.add(options.mainClass);
        arguments.addAll(options.arguments);
        return arguments;
    }

    /** How many of {@link #arguments()} stand after the options: the class path, the class and its arguments. */
    int wordsAfterOptions()
    {
        return 3 + options.arguments.size();
    }

    /** Collects the parts of a {@link Launch}; one thread at a time. */
    public static final class Builder
    {
        private Base base;
        private String javaCommand;
        private String maxHeap;
        private String mainClass;
        private Path directory;
        private StartCache startCache;
        private int nice;
        private List<Integer> processors = List.of();
        private List<String> jvmOpts = List.of();
        private List<String> arguments = List.of();
        private List<Path> directoriesOfSession = List.of();
        private Map<String, String> environment = Map.of();

        private Builder()
        {
        }

        /** @param from what it is started from; required. @return this. */
        public Builder base(Base from)
        {
            base = from;
            return this;
        }

        /**
         * @param command a path (relative to this JVM's directory) or a name looked up in PATH; default: the base's.
         *                @return this.
         */
        public Builder javaCommand(String command)
        {
            javaCommand = command;
            return this;
        }

        /** @param options of the JVM, one word each; they come last and win. @return this. */
        public Builder jvmOpts(List<String> options)
        {
            jvmOpts = List.copyOf(options);
            return this;
        }

        /** @param size as for -Xmx, {@code "512m"}; default: the JVM's own choice. @return this. */
        public Builder maxHeap(String size)
        {
            maxHeap = size;
            return this;
        }

        /** @param name of the class with the main method; required. @return this. */
        public Builder mainClass(String name)
        {
            mainClass = name;
            return this;
        }

        /** @param words for the main method; not shown in any process list. @return this. */
        public Builder arguments(List<String> words)
        {
            arguments = List.copyOf(words);
            return this;
        }

        /**
         * @param directories which the worker removes if this process dies before it has told it anything. @return
         *                    this.
         */
        public Builder directoriesOfSession(List<Path> directories)
        {
            directoriesOfSession = List.copyOf(directories);
            return arguments(directories.stream().map(Path::toString).toList());
        }

        /** @param variables added to the inherited environment; a null value removes one. @return this. */
        public Builder environment(Map<String, String> variables)
        {
            environment = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
            return this;
        }

        /** @param path the worker's directory; default: this process's. @return this. */
        public Builder directory(Path path)
        {
            directory = path;
            return this;
        }

        /** @param cache for the base's java command and class path, to start sooner; default: none. @return this. */
        public Builder startCache(StartCache cache)
        {
            startCache = cache;
            return this;
        }

        /** @param increment added to how nice this process is; default 0. @return this. */
        public Builder nice(int increment)
        {
            nice = increment;
            return this;
        }

        /** @param numbers of the processors that it may use; default: those that this process may. @return this. */
        public Builder processors(List<Integer> numbers)
        {
            processors = List.copyOf(numbers);
            return this;
        }

        /** @return the launch; later changes of this builder do not reach it. */
        public Launch build()
        {
            if (mainClass == null || base == null)
            {
                throw new IllegalStateException("a launch needs a main class and a base");
            }
            Builder copy = new Builder();
            copy.base = base;
            copy.javaCommand = javaCommand;
            copy.maxHeap = maxHeap;
            copy.mainClass = mainClass;
            copy.directory = directory;
            copy.startCache = startCache;
            copy.nice = nice;
            copy.processors = processors;
            copy.directoriesOfSession = directoriesOfSession;
            copy.jvmOpts = jvmOpts;
            copy.arguments = arguments;
            copy.environment = environment;
            return new Launch(copy);
        }
    }
}
