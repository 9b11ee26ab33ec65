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
 *       .classPath(ClassPath.current())
 *       .mainClass("parallel.child.Main")
 *       .build()
 *       .start(session.memory());
 * }</pre>
 */
public final class Launch
{
    private final Builder options;

    private Launch(final Builder options)
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
    public LaunchedProcess start(final Path scratch) throws LaunchException
    {
        return new Launcher(this).start(scratch);
    }

    /** @return the java command as given, null for this JVM's own. */
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

    /** @return the user's JVM options. */
    public List<String> jvmOpts()
    {
        return options.jvmOpts;
    }

    /**
     * What it would start now: two launches with equal fingerprints start the same program from the same files, as far as a JVM opens
     * these before it loads any code of the user's: jars, Clojure, the library and the data readers.
     *
     * @return the words of its command, its environment and directory, and path, size and time of each of these files.
     */
    public List<String> fingerprint()
    {
        final List<String> words = new ArrayList<>(arguments());
        words.add(String.valueOf(options.javaCommand));
        words.add(String.valueOf(options.directory));
        words.add(options.environment.toString());
        final List<String> entries = options.classPath == null ? ClassPath.current() : ClassPath.absolute(options.classPath);
        if (options.startCache != null)
        {
            words.add(options.startCache.jar().toString());     // its path is a stamp of what it has been made of
        }
        words.addAll(FileStamps.ofClassPath(entries, options.startCache != null));
        return words;
    }

    boolean inBackground()
    {
        return options.background;
    }

    /**
     * The arguments of the java command, in the order in which later ones win: ours, those of this JVM, the heap, the
     * user's.
     *
     * @return a new list.
     */
    List<String> arguments()
    {
        final List<String> entries = options.classPath == null ? ClassPath.current() : ClassPath.absolute(options.classPath);
        final List<String> arguments = new ArrayList<>(JvmFlags.OWN);
        if (options.startCache != null)
        {
            arguments.addAll(options.startCache.flags());
        }
        arguments.addAll(ThisProcess.inheritedJvmFlags());
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
        private String javaCommand;
        private String maxHeap;
        private String mainClass;
        private Path directory;
        private StartCache startCache;
        private boolean background;
        private List<String> jvmOpts = List.of();
        private List<String> classPath;
        private List<String> arguments = List.of();
        private Map<String, String> environment = Map.of();

        private Builder()
        {
        }

        /** @param command a path (relative to this JVM's directory) or a name looked up in PATH; default: this JVM's. @return this. */
        public Builder javaCommand(final String command)
        {
            javaCommand = command;
            return this;
        }

        /** @param options of the JVM, one word each; they come last and win. @return this. */
        public Builder jvmOpts(final List<String> options)
        {
            jvmOpts = List.copyOf(options);
            return this;
        }

        /** @param size as for -Xmx, {@code "512m"}; default: the JVM's own choice. @return this. */
        public Builder maxHeap(final String size)
        {
            maxHeap = size;
            return this;
        }

        /** @param entries made absolute here; default {@link ClassPath#current()}. @return this. */
        public Builder classPath(final List<String> entries)
        {
            classPath = List.copyOf(entries);
            return this;
        }

        /** @param name of the class with the main method; required. @return this. */
        public Builder mainClass(final String name)
        {
            mainClass = name;
            return this;
        }

        /** @param words for the main method; not shown in any process list. @return this. */
        public Builder arguments(final List<String> words)
        {
            arguments = List.copyOf(words);
            return this;
        }

        /** @param variables added to the inherited environment; a null value removes one. @return this. */
        public Builder environment(final Map<String, String> variables)
        {
            environment = Collections.unmodifiableMap(new LinkedHashMap<>(variables));
            return this;
        }

        /** @param path the worker's directory; default: this process's. @return this. */
        public Builder directory(final Path path)
        {
            directory = path;
            return this;
        }

        /** @param cache for this JVM's java command and class path, to start sooner; default: none. @return this. */
        public Builder startCache(final StartCache cache)
        {
            startCache = cache;
            return this;
        }

        /** Everything else on the machine goes first. @return this. */
        public Builder background()
        {
            background = true;
            return this;
        }

        /** @return the launch; later changes of this builder do not reach it. */
        public Launch build()
        {
            if (mainClass == null)
            {
                throw new IllegalStateException("a launch needs a main class");
            }
            final Builder copy = new Builder();
            copy.javaCommand = javaCommand;
            copy.maxHeap = maxHeap;
            copy.mainClass = mainClass;
            copy.directory = directory;
            copy.startCache = startCache;
            copy.background = background;
            copy.jvmOpts = jvmOpts;
            copy.classPath = classPath;
            copy.arguments = arguments;
            copy.environment = environment;
            return new Launch(copy);
        }
    }
}
