package parallel;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What a worker is started with. Immutable; safe from any thread.
 *
 * <pre>{@code
 * WorkerOptions options = WorkerOptions.builder().maxHeap("512m").env(Map.of("SEED", "7")).build();
 * WorkerOptions.builder().maxHeap("much");     // throws ParallelException, BAD_ARGUMENT
 * }</pre>
 */
public final class WorkerOptions
{
    private final Map<Option, Object> values;

    private WorkerOptions(Map<Option, Object> values)
    {
        this.values = Map.copyOf(values);
    }

    /**
     * The options, each with its default (null: not set) and its text. The documents are made of these.
     */
    public enum Option
    {
        /** Arguments for the JVM, a list of String. */
        JVM_OPTS(List.of(), "arguments for the worker's JVM; they win over the library's own"),
        /** The largest heap, such as {@code "512m"}. */
        MAX_HEAP(null, "largest heap of the worker"),
        /** Environment variables added to the inherited ones. */
        ENV(Map.of(), "environment variables added to the inherited ones; a null value takes one away"),
        /** Working directory; default: this JVM's. */
        DIR(null, "working directory"),
        /** Class path entries, a list of String; default: this JVM's. */
        CLASSPATH(null, "class path; this library, and Clojure where it is used, must be on it"),
        /** The java command; default: this JVM's. */
        JAVA(null, "the java command"),
        /** Numbers of the processors that it may use; empty: one, and each worker another. Default: all. */
        CPUS(null, "processors that it may use, by their numbers; with :one-each each worker has one of its own, in " +
            "turn; on Linux"),
        /** How nice it is: added to this process's. */
        NICE(0, "how nice it is to others, added to this process's"),
        /** Whether changed namespaces are loaded again. */
        RELOAD(false, "whether namespaces whose source file has changed are loaded again before a form is evaluated"),
        /** Whether it records all the time what its threads do. */
        FLIGHT(false, "whether it records all the time what its threads do, so that it can be profiled after " +
            "its death"),
        /** A name for status and errors. */
        NAME(null, "shown in status and errors"),
        /** Capacity of each ring in bytes: a power of two, at least 8192. */
        RING_BYTES(1 << 20, "capacity of each of the two rings"),
        /**
         * The most bytes of messages that wait in the inbox; by default a quarter of the heap, for all channels
         * together.
         */
        INBOX_BYTES(Runtime.getRuntime().maxMemory() / 4,
            "most bytes of messages that wait in an inbox while a call waits for something else"),
        /** Gets each labelled line of the worker's stdout; default: this process's stdout. */
        OUT(null, "where the lines of its stdout go"),
        /** Gets each labelled line of the worker's stderr; default: this process's stderr. */
        ERR(null, "where the lines of its stderr go"),
        /** How long the worker may take to become ready. */
        START_TIMEOUT(Duration.ofSeconds(60), "how long the worker may take to become ready"),
        /** How long the whole of stop may take before SIGKILL. */
        GRACE(Duration.ofSeconds(2), "how long stop may take in all before SIGKILL"),
        /** Where the worker lives: {@code "process"}, {@code "thread"}, a {@link Host}, or several. */
        IN("process", "where the worker lives: in a JVM of its own, as a thread of this one, with the same " +
            "semantics, on a host, or on one of several"),
        /** Gets a map for each event of the worker's life. */
        ON_EVENT(null, "called with a map for each event of the worker's life: started, ready, " +
            "retired, ended, failed, died"),
        /** How deep workers may start workers. */
        MAX_DEPTH(8, "how deep workers may start workers, a guard against code that starts itself again"),
        /** How many workers a session may have at a time. */
        MAX_WORKERS(256, "how many live workers the session may have, a guard of the same kind");

        private final Object defaultValue;
        private final String text;

        Option(Object defaultValue, String text)
        {
            this.defaultValue = defaultValue;
            this.text = text;
        }

        /**
         * Returns what the option is, in one line.
         *
         * @return the text of the documents.
         */
        public String text()
        {
            return text;
        }
    }

    /**
     * Returns the value of an option.
     *
     * @param option the option.
     * @param type   the class of its value.
     * @param <T>    the type of its value.
     * @return the value, the default if it was not set, or null if there is no default.
     */
    public <T> T get(Option option, Class<T> type)
    {
        return type.cast(values.getOrDefault(option, option.defaultValue));
    }

    /**
     * Returns whether an option was set.
     *
     * @param option the option.
     * @return true if so.
     */
    public boolean isSet(Option option)
    {
        return values.containsKey(option);
    }

    /**
     * Starts from these options.
     *
     * @return a new builder.
     */
    public Builder toBuilder()
    {
        Builder builder = new Builder();
        builder.values.putAll(values);
        return builder;
    }

    /**
     * Starts from the defaults.
     *
     * @return a new builder.
     */
    public static Builder builder()
    {
        return new Builder();
    }

    /**
     * Collects options. A value that is not allowed throws a {@link ParallelException} with
     * {@link ParallelException.Code#BAD_ARGUMENT} at once; the message says what is allowed. One thread at a time.
     *
     * <pre>{@code
     * WorkerOptions options = WorkerOptions.builder().name("solver").maxHeap("512m").build();
     * WorkerOptions.builder().ringBytes(1000);     // throws ParallelException, BAD_ARGUMENT
     * }</pre>
     */
    public static final class Builder
    {
        private static final int LEAST_RING_BYTES = 8192;
        private static final int MOST_NICE = 19;
        private static final int MOST_RING_BYTES = 1 << 30;
        private static final Duration LONGEST = Duration.ofMillis(Long.MAX_VALUE);
        private final Map<Option, Object> values = new LinkedHashMap<>();

        private Builder()
        {
        }

        /**
         * Sets arguments for the worker's JVM. They win over the library's own.
         *
         * @param options the arguments, such as {@code "-XX:+UseSerialGC"}; default: none.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder jvmOpts(List<String> options)
        {
            return put(Option.JVM_OPTS, strings("jvm-opts", options));
        }

        /**
         * Sets the largest heap.
         *
         * @param size a number and a unit as {@code -Xmx} takes it, such as {@code "512m"}; default: that of the JVM.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder maxHeap(String size)
        {
            check(size != null && size.matches("[1-9][0-9]*[kKmMgGtT]?"), "max-heap", size,
                "a size as -Xmx takes it, such as \"512m\" or \"2g\"");
            return put(Option.MAX_HEAP, size);
        }

        /**
         * Sets environment variables, added to the inherited ones.
         *
         * @param variables values by name; a value that is null removes the variable. Default: none.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder env(Map<String, String> variables)
        {
            check(variables != null, "env", null, "a map of variables");
            variables.forEach((name, value) -> check(
                name != null && !name.isEmpty() && name.indexOf('=') < 0 && name.indexOf('\0') < 0 &&
                (value == null || value.indexOf('\0') < 0),
                "env", name, "names without = and values without NUL"));
            return put(Option.ENV, Collections.unmodifiableMap(new LinkedHashMap<>(variables)));
        }

        /**
         * Sets the worker's working directory.
         *
         * @param directory an existing directory; default: this JVM's.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for null.
         */
        public Builder dir(Path directory)
        {
            return put(Option.DIR, directory);
        }

        /**
         * Sets the worker's class path.
         *
         * @param entries directories and jars; the library itself must be among them. Default: this JVM's class path.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder classpath(List<String> entries)
        {
            return put(Option.CLASSPATH, strings("classpath", entries));
        }

        /**
         * Sets the java command.
         *
         * @param command a path, or a name that is looked up in PATH; default: that of this JVM.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for null.
         */
        public Builder java(Path command)
        {
            return put(Option.JAVA, command);
        }

        /**
         * Sets the processors that the worker may use. They are set before its JVM counts its processors, so that its
         * collectors, its compilers and {@link Runtime#availableProcessors()} agree with them. On Linux, where the
         * command {@code taskset} is.
         *
         * @param numbers the numbers of processors that this process may use, as the system counts them, from 0;
         *                default: all.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder cpus(List<Integer> numbers)
        {
            check(numbers != null && !numbers.isEmpty() && numbers.stream().allMatch(n -> n != null && n >= 0), "cpus",
                numbers, "a list of numbers of processors, from 0");
            return put(Option.CPUS, List.copyOf(numbers));
        }

        /**
         * Gives each worker that is started with these options one of the processors that this process may use, in
         * turn; see {@link #cpus(List)}.
         *
         * @return this builder.
         */
        public Builder oneCpuEach()
        {
            return put(Option.CPUS, List.of());
        }

        /**
         * Sets how nice the worker's process is: on a busy machine others run first.
         *
         * @param increment the niceness, from 0 to 19, added to that of this process; default 0. Where there is no
         *                  command {@code nice} the start fails.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder nice(int increment)
        {
            check(increment >= 0 && increment <= MOST_NICE, "nice", increment, "a number from 0 to 19");
            return put(Option.NICE, increment);
        }

        /**
         * Sets whether the worker reloads changed Clojure namespaces: before it evaluates a form, those that the form
         * uses and that were loaded from a file outside a jar whose content has changed since, with all that use them.
         *
         * @param changed true to reload them; default false.
         * @return this builder.
         */
        public Builder reload(boolean changed)
        {
            return put(Option.RELOAD, changed);
        }

        /**
         * Sets whether the worker records all the time what its threads do, so that {@link Look#profile} works after
         * its death. It needs the module jdk.jfr. For a worker that is a process of this machine.
         *
         * @param records true to record; default false.
         * @return this builder.
         */
        public Builder flight(boolean records)
        {
            return put(Option.FLIGHT, records);
        }

        /**
         * Sets a name, shown in status and errors.
         *
         * @param name any text; default: none.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for null.
         */
        public Builder name(String name)
        {
            return put(Option.NAME, name);
        }

        /**
         * Sets the capacity of each of the two rings.
         *
         * @param bytes the capacity in bytes, a power of two from 8192 to 1 GiB; default 1 MiB.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder ringBytes(int bytes)
        {
            check(bytes >= LEAST_RING_BYTES && bytes <= MOST_RING_BYTES && Integer.bitCount(bytes) == 1,
                "ring-bytes", bytes, "a power of two from 8192 to 1073741824");
            return put(Option.RING_BYTES, bytes);
        }

        /**
         * Sets the most bytes of messages that are kept for a slow receiver while it waits for something else.
         *
         * @param bytes the bytes, 0 or more; one larger message is always admitted. Default: a quarter of the receiving
         *              process's heap, for all its channels together.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder inboxBytes(long bytes)
        {
            check(bytes >= 0, "inbox-bytes", bytes, "a number of bytes, 0 or more");
            return put(Option.INBOX_BYTES, bytes);
        }

        /**
         * Sets where the lines of the worker's stdout go.
         *
         * @param lines a function that gets each labelled line, on a library thread; default: this process's stdout.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for null.
         */
        public Builder out(Consumer<String> lines)
        {
            return put(Option.OUT, lines);
        }

        /**
         * Sets where the lines of the worker's stderr go.
         *
         * @param lines a function that gets each labelled line, on a library thread; default: this process's stderr.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for null.
         */
        public Builder err(Consumer<String> lines)
        {
            return put(Option.ERR, lines);
        }

        /**
         * Sets how long the worker may take to become ready.
         *
         * @param timeout a time of more than zero; default 60 s.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder startTimeout(Duration timeout)
        {
            check(timeout != null && !timeout.isNegative() && !timeout.isZero(), "start-timeout", timeout,
                "a time of more than zero");
            return put(Option.START_TIMEOUT, countable(timeout));
        }

        /**
         * Sets how long {@link Worker#stop()} may take in all before it kills.
         *
         * @param grace a time of zero or more; default 2 s.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder grace(Duration grace)
        {
            check(grace != null && !grace.isNegative(), "grace", grace, "a time of zero or more");
            return put(Option.GRACE, countable(grace));
        }

        /**
         * Makes the worker a thread of this JVM, with the same semantics and round trip of values; options of processes
         * are ignored.
         *
         * @return this builder.
         */
        public Builder inThread()
        {
            return put(Option.IN, "thread");
        }

        /**
         * Starts the worker on a host.
         *
         * @param host a host that is up; default: this machine.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for null.
         */
        public Builder in(Host host)
        {
            return put(Option.IN, host);
        }

        /**
         * Distributes workers over several hosts. Each worker is started where a core is free, and among those where
         * fewest workers are for the host's speed; see {@link Hosts#calibrate}.
         *
         * @param hosts at least one host; each worker is started on one that is up. {@link Hosts#local()} may be among
         *              them.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder in(List<? extends Host> hosts)
        {
            check(hosts != null && !hosts.isEmpty() && hosts.stream().noneMatch(Objects::isNull), "in", hosts,
                "a list of hosts, at least one");
            return put(Option.IN, List.copyOf(hosts));
        }

        /**
         * Sets a listener to the events of the worker.
         *
         * @param listener gets {@code "event"} (started, ready, retired, ended, failed, died), {@code "worker/id"},
         *                 {@code "worker/pid"}, {@code "error"}, {@code "at-ms"}; on a library thread. What it throws
         *                 is logged. A pool retires a worker whose heap fills up.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for null.
         */
        public Builder onEvent(Consumer<Map<String, Object>> listener)
        {
            return put(Option.ON_EVENT, listener);
        }

        /**
         * Sets how deep workers may start workers, a guard against accidental recursion.
         *
         * @param depth the number of levels, at least 1; default 8.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder maxDepth(int depth)
        {
            check(depth >= 1, "max-depth", depth, "a number of 1 or more");
            return put(Option.MAX_DEPTH, depth);
        }

        /**
         * Sets how many workers the session may have at a time, a guard against accidental recursion.
         *
         * @param workers the number, from 1 to 1024; default 256.
         * @return this builder.
         * @throws ParallelException with BAD_ARGUMENT for another value.
         */
        public Builder maxWorkers(int workers)
        {
            check(workers >= 1 && workers <= 1024, "max-workers", workers, "a number from 1 to 1024");
            return put(Option.MAX_WORKERS, workers);
        }

        /**
         * Makes the options collected so far.
         *
         * @return the options, immutable.
         */
        public WorkerOptions build()
        {
            return new WorkerOptions(values);
        }

        private Builder put(Option option, Object value)
        {
            check(value != null, option.name().toLowerCase(Locale.ROOT).replace('_', '-'), null,
                "a value that is not null");
            values.put(option, value);
            return this;
        }

        private static List<String> strings(String option, List<String> values)
        {
            check(values != null && values.stream().noneMatch(Objects::isNull), option, values, "a list of strings");
            return List.copyOf(values);
        }

        /** Limits a time to what can be counted in milliseconds. */
        private static Duration countable(Duration time)
        {
            return time.compareTo(LONGEST) > 0 ? LONGEST : time;
        }

        private static void check(boolean allowed, String option, Object value, String what)
        {
            if (!allowed)
            {
                throw new ParallelException(ParallelException.Code.BAD_ARGUMENT,
                    "Option " + option + " is " + value + "; allowed is " + what + ".",
                    Map.of("option", option, "allowed", what), null);
            }
        }
    }
}
