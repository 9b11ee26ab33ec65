package parallel;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * Which allocation of Slurm the hosts are of, and the options of each. Immutable: each method returns new options. Safe
 * from any thread. A value that is not allowed throws a {@link ParallelException} with
 * {@link ParallelException.Code#BAD_ARGUMENT} at once; the message says what is allowed.
 *
 * <pre>{@code
 * SlurmOptions.nodes(4).time("01:00:00").args(List.of("-p", "gpu", "--exclusive"))
 *     .each(host -> host.startTimeout(Duration.ofHours(1)));
 * SlurmOptions.existing().time("01:00:00");     // throws ParallelException, BAD_ARGUMENT: it has its time already
 * }</pre>
 */
public final class SlurmOptions
{
    private static final String NO_SHELL = "--no-shell";
    private static final int UNIQUE = "--no-s".length();

    private final int nodes;
    private final String time;
    private final List<String> args;
    private final UnaryOperator<HostOptions> each;

    private SlurmOptions(int nodes, String time, List<String> args, UnaryOperator<HostOptions> each)
    {
        this.nodes = nodes;
        this.time = time;
        this.args = args;
        this.each = each;
    }

    /**
     * Returns options of the allocation that this JVM runs in, as {@code SLURM_JOB_ID} says.
     *
     * @return the options.
     */
    public static SlurmOptions existing()
    {
        return new SlurmOptions(0, null, List.of(), UnaryOperator.identity());
    }

    /**
     * Returns options of a new allocation, which {@code salloc} makes. It is given back with the last of its hosts.
     *
     * @param nodes the number of nodes, 1 or more.
     * @return the options.
     * @throws ParallelException with BAD_ARGUMENT for another value.
     */
    public static SlurmOptions nodes(int nodes)
    {
        check(nodes >= 1, "nodes", nodes, "a number of 1 or more");
        return new SlurmOptions(nodes, null, List.of(), UnaryOperator.identity());
    }

    /**
     * Sets for how long a new allocation lasts.
     *
     * @param time the time as Slurm writes it, such as {@code 01:00:00} or {@code 2-12}; default: that of the
     *             partition.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value, and for an allocation that exists already.
     */
    public SlurmOptions time(String time)
    {
        checkNew("time");
        check(time != null && !time.isBlank() && time.chars().noneMatch(Character::isISOControl), "time", time,
            "a time as Slurm writes it, such as 01:00:00");
        return new SlurmOptions(nodes, time, args, each);
    }

    /**
     * Sets further arguments for {@code salloc}.
     *
     * @param arguments the words, such as {@code -p gpu} or {@code --exclusive}; default: none.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for another value, and for an allocation that exists already.
     */
    public SlurmOptions args(List<String> arguments)
    {
        checkNew("args");
        check(arguments != null && arguments.stream().noneMatch(word -> word == null || word.isEmpty() ||
            word.indexOf('\0') >= 0 || isNoShell(word)), "args", arguments,
            "a list of arguments for salloc, without --no-shell");
        return new SlurmOptions(nodes, time, List.copyOf(arguments), each);
    }

    /**
     * Sets options of each host.
     *
     * @param change a function that gets the options of a host, once before there is an allocation and once for each
     *               node, and returns them with others set. {@link HostOptions#startTimeout} holds for the allocation,
     *               too. Default: no change.
     * @return new options.
     * @throws ParallelException with BAD_ARGUMENT for null.
     */
    public SlurmOptions each(UnaryOperator<HostOptions> change)
    {
        check(change != null, "each", null, "a function of options of a host");
        return new SlurmOptions(nodes, time, args, change);
    }

    /**
     * Returns how many nodes a new allocation has.
     *
     * @return the number; 0: no allocation is made.
     */
    public int nodes()
    {
        return nodes;
    }

    /**
     * Returns for how long a new allocation lasts.
     *
     * @return the time as Slurm writes it; null if it was not set.
     */
    public String time()
    {
        return time;
    }

    /**
     * Returns the further arguments for {@code salloc}.
     *
     * @return the words; none if they were not set.
     */
    public List<String> args()
    {
        return args;
    }

    /**
     * Returns the function that changes the options of each host.
     *
     * @return the function; the identity if it was not set.
     */
    public UnaryOperator<HostOptions> each()
    {
        return each;
    }

    /** Also cut short, as salloc takes it: nobody would hold the allocation. */
    private static boolean isNoShell(String word)
    {
        return word.length() >= UNIQUE && NO_SHELL.startsWith(word);
    }

    private void checkNew(String option)
    {
        if (nodes == 0)
        {
            throw bad(option, "Option " + option + " needs a new allocation, which the option nodes makes. The one " +
                "that this JVM runs in cannot be changed.", "nothing");
        }
    }

    private static void check(boolean allowed, String option, Object value, String what)
    {
        if (!allowed)
        {
            throw bad(option, "Option " + option + " of an allocation is " + Objects.toString(value) +
                "; allowed is " + what + ".", what);
        }
    }

    private static ParallelException bad(String option, String message, String allowed)
    {
        return new ParallelException(ParallelException.Code.BAD_ARGUMENT, message,
            Map.of("option", option, "allowed", allowed), null);
    }
}
