package parallel;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a host is added. Immutable: each method returns new options. Safe from any thread. A value that is not allowed
 * throws a {@link ParallelException} with {@link ParallelException.Code#BAD_ARGUMENT} at once; the message says what is
 * allowed.
 *
 * <pre>{@code
 * HostOptions.start("kubectl", "exec", "-i", "pod-1", "--").name("pod").address("10.1.2.3");
 * HostOptions.ssh("big1").cores(0);     // throws ParallelException, BAD_ARGUMENT
 * }</pre>
 */
public final class HostOptions
{
    private static final Duration LEAST_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration MOST_TIMEOUT = Duration.ofSeconds(600);

    /** The options that there are. */
    public enum Option
    {
        /** Words of a command that runs what follows them, with stdin and stdout, on the host. */
        START,
        /** Number of an allocation of Slurm, and a node of it. */
        SLURM,
        /** What ssh calls it. */
        SSH,
        /** Further arguments for ssh. */
        SSH_OPTS,
        /** What ssh forwards to the agent: {@code "tcp"}, or a socket. */
        FORWARD,
        /** {@code "same"}: the class path is there, at the same paths. */
        CLASSPATH,
        /** Name of the host. */
        NAME,
        /** Where its agent listens. */
        ADDRESS,
        /** How many processors its workers may use. */
        CORES,
        /** The java command there. */
        JAVA,
        /** Where its workers start. */
        DIR,
        /** Environment variables of its workers. */
        ENV,
        /** Arguments for the JVM of its agent. */
        JVM_OPTS,
        /** How long nothing may be heard of it. */
        HOST_TIMEOUT,
        /** How long its agent may take to be up. */
        START_TIMEOUT,
        /** How nice its agent and workers are. */
        NICE,
        /** How fast a core of it is. */
        SPEED,
        /** Gets a map for each event of the host. */
        ON_EVENT
    }

    private final Map<Option, Object> values;

    private HostOptions(Map<Option, Object> values)
    {
        this.values = Map.copyOf(values);
    }

    /**
     * Returns options of a host that a command reaches: one that runs what follows it there, and connects stdin and
     * stdout.
     *
     * @param command the words of the command, such as {@code kubectl exec -i pod-1 --}.
     * @return the options.
     */
    public static HostOptions start(String... command)
    {
        return start(command == null ? null : List.of(command));
    }

    /**
     * Returns options of a host that a command reaches, as {@link #start(String...)} does.
     *
     * @param command the words of the command, at least one.
     * @return the options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public static HostOptions start(List<String> command)
    {
        check(command != null && !command.isEmpty() && command.stream().noneMatch(HostOptions::isNoWord), "start",
            command, "the words of a command, at least one");
        return new HostOptions(Map.of(Option.START, List.copyOf(command)));
    }

    /**
     * Returns options of a host that ssh reaches, as {@code ~/.ssh/config} says. Neither machine opens a port. Its name
     * in this session is that of the machine, without a user.
     *
     * @param host the name as for ssh, {@code name} or {@code user@name}.
     * @return the options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public static HostOptions ssh(String host)
    {
        check(host != null && !host.isBlank() && !host.startsWith("-") && host.chars().noneMatch(
            c -> Character.isISOControl(c) || Character.isWhitespace(c)), "ssh", host,
            "a name as for ssh, with no space in it and no - before it");
        return new HostOptions(Map.of(Option.SSH, host, Option.NAME, host.substring(host.lastIndexOf('@') + 1)));
    }

    /**
     * Returns options of a node of a Slurm allocation, which {@code srun} reaches. Its name in this session is that of
     * the node. {@link Hosts#slurm(SlurmOptions)} adds all nodes of an allocation.
     *
     * @param job  the number of the allocation.
     * @param node the name of a node of it.
     * @return the options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public static HostOptions slurm(String job, String node)
    {
        check(job != null && job.matches("[0-9]+"), "slurm", job, "the number of an allocation");
        check(node != null && node.matches("[A-Za-z0-9_.][A-Za-z0-9_.-]*"), "slurm", node, "the name of a node");
        return new HostOptions(Map.of(Option.SLURM, List.of(job, node), Option.NAME, node));
    }

    private static boolean isNoWord(String word)
    {
        return word == null || word.isEmpty() || word.indexOf('\0') >= 0;
    }

    /**
     * Sets further arguments for ssh.
     *
     * @param arguments the words, such as {@code -p 2222} or {@code -F file}; default: none.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions sshOpts(List<String> arguments)
    {
        check(arguments != null && arguments.stream().noneMatch(HostOptions::isNoWord), "ssh-opts", arguments,
            "a list of arguments for ssh");
        return with(Option.SSH_OPTS, List.copyOf(arguments));
    }

    /**
     * Makes the agent listen on a port of the host's loopback interface, by TLS: for a host whose sshd forwards no Unix
     * sockets.
     *
     * @return new options.
     */
    public HostOptions forwardTcp()
    {
        return with(Option.FORWARD, "tcp");
    }

    /**
     * Says that the class path of this JVM is on the host, too, at the same paths: nothing of it is sent there.
     *
     * @return new options.
     */
    public HostOptions sameClasspath()
    {
        return with(Option.CLASSPATH, "same");
    }

    /**
     * Sets the name of the host in this session.
     *
     * @param name the name, not empty, without control characters; default: the host's own.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions name(String name)
    {
        check(name != null && !name.isBlank() && name.chars().noneMatch(Character::isISOControl), "name", name,
            "a text without control characters");
        return with(Option.NAME, name);
    }

    /**
     * Sets where the agent listens for this session; over TLS, for one connection.
     *
     * @param address a name or number of the host that this machine reaches; default: the node's name, else its first
     *                address.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions address(String address)
    {
        check(address != null && !address.isBlank() && address.chars().noneMatch(Character::isISOControl), "address",
            address, "a name or a number of the host");
        return with(Option.ADDRESS, address);
    }

    /**
     * Sets how many processors its workers may use.
     *
     * @param cores the number, 1 or more; default: those that its JVM finds.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions cores(int cores)
    {
        check(cores >= 1, "cores", cores, "a number of 1 or more");
        return with(Option.CORES, cores);
    }

    /**
     * Sets the java command there.
     *
     * @param java the path of the command there; default: that of JAVA_HOME, else the one that is found.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions java(Path java)
    {
        check(java != null && !java.toString().isEmpty(), "java", java, "the path of a java command");
        return with(Option.JAVA, java.toString());
    }

    /**
     * Sets the directory in which its workers start.
     *
     * @param directory the path of it there; default: where the command starts the agent.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions dir(Path directory)
    {
        check(directory != null && !directory.toString().isEmpty(), "dir", directory, "a directory");
        return with(Option.DIR, directory.toString());
    }

    /**
     * Sets environment variables of its workers.
     *
     * @param variables names and values, added to those that there are; default: none.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions env(Map<String, String> variables)
    {
        check(variables != null && variables.entrySet().stream().noneMatch(
            e -> e.getKey() == null || e.getKey().isEmpty() || e.getKey().indexOf('=') >= 0 || e.getValue() == null),
            "env", variables, "a map of names to texts");
        return with(Option.ENV, Map.copyOf(variables));
    }

    /**
     * Sets arguments for the JVM of its agent.
     *
     * @param arguments the arguments, such as {@code -Xmx256m}; default: none.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions jvmOpts(List<String> arguments)
    {
        check(arguments != null && arguments.stream().noneMatch(Objects::isNull), "jvm-opts", arguments,
            "a list of strings");
        return with(Option.JVM_OPTS, List.copyOf(arguments));
    }

    /**
     * Sets how long nothing may be heard of it before it is lost.
     *
     * @param time a time from 3 to 600 s; default 12 s.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions hostTimeout(Duration time)
    {
        check(time != null && time.compareTo(LEAST_TIMEOUT) >= 0 && time.compareTo(MOST_TIMEOUT) <= 0, "host-timeout",
            time, "a time from 3 to 600 seconds");
        return with(Option.HOST_TIMEOUT, time);
    }

    /**
     * Sets how long its agent may take to be up.
     *
     * @param time a time above zero; default 60 s.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions startTimeout(Duration time)
    {
        check(time != null && !time.isZero() && !time.isNegative(), "start-timeout", time, "a time above zero");
        return with(Option.START_TIMEOUT, time);
    }

    /**
     * Sets the niceness of its agent and workers.
     *
     * @param nice the niceness, from 0 to 19; default 5.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions nice(int nice)
    {
        check(nice >= 0 && nice <= 19, "nice", nice, "a number from 0 to 19");
        return with(Option.NICE, nice);
    }

    /**
     * Sets how fast a core of it is, where several hosts share workers: a host of half the speed gets half as many for
     * its cores. {@link Hosts#calibrate} measures it.
     *
     * @param speed the speed relative to the fastest host's, above 0 and at most 1; default: all are equally fast.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions speed(double speed)
    {
        check(speed > 0 && speed <= 1, "speed", speed, "a number above 0, at most 1");
        return with(Option.SPEED, speed);
    }

    /**
     * Sets a listener to the events of the host.
     *
     * @param listener gets {@code "event"} (host-up, host-silent, host-back, host-lost, host-closed), {@code "host"},
     *                 {@code "host/id"}, {@code "why"} where it is lost, {@code "at-ms"}; on a library thread.
     *                 What it throws is logged.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public HostOptions onEvent(Consumer<Map<String, Object>> listener)
    {
        check(listener != null, "on-event", null, "a function");
        return with(Option.ON_EVENT, listener);
    }

    /**
     * Returns the value of an option.
     *
     * @param option the option.
     * @param type   the class of its value.
     * @param <T>    the type of its value.
     * @return the value, or null if it was not set.
     */
    public <T> T get(Option option, Class<T> type)
    {
        return type.cast(values.get(option));
    }

    private HostOptions with(Option option, Object value)
    {
        Map<Option, Object> changed = new LinkedHashMap<>(values);
        changed.put(option, value);
        return new HostOptions(changed);
    }

    private static void check(boolean allowed, String option, Object value, String what)
    {
        if (!allowed)
        {
            throw new ParallelException(ParallelException.Code.BAD_ARGUMENT,
                "Option " + option + " of a host is " + value + "; allowed is " + what + ".",
                Map.of("option", option, "allowed", what), null);
        }
    }
}
