package parallel.pool;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import com.sun.management.OperatingSystemMXBean;
import parallel.ParallelException;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.control.Errors;

/**
 * What of the machine or the container each worker of a pool takes: cores and memory, both as this JVM sees them, which
 * looks at the limits of its control group.
 */
public final class ResourceShares
{
    /**
     * Of the memory, for all heaps of the workers; the rest is for this JVM, for what JVMs need besides heap, and for
     * others.
     */
    private static final double FOR_HEAPS = 0.75;
    private static final long LEAST_HEAP = 32L << 20;
    private static final long MIB = 1L << 20;

    private ResourceShares()
    {
    }

    /**
     * The machine that workers share, or the container.
     *
     * @param cores       that they may use.
     * @param memoryBytes of it; 0: not known.
     * @param workers     how many of the pool's may be there.
     */
    public record Machine(int cores, long memoryBytes, int workers)
    {
        /**
         * This one.
         *
         * @param workers how many of the pool's may be there.
         * @return the machine, as this JVM sees it.
         */
        public static Machine here(int workers)
        {
            return new Machine(Runtime.getRuntime().availableProcessors(), memory(), workers);
        }
    }

    /**
     * Options with a worker's share of cores and memory of this machine.
     *
     * @param given   the user's; what they say wins.
     * @param workers how many there may be.
     * @param cores   of each; 0: its share.
     * @return them, completed.
     * @throws ParallelException as the next.
     */
    public static WorkerOptions applied(WorkerOptions given, int workers, int cores)
    {
        return applied(given, Machine.here(workers), workers, cores);
    }

    /**
     * Options with a worker's share of cores and memory.
     *
     * @param given   the user's; what they say wins.
     * @param machine whose these are.
     * @param workers how many the pool may have.
     * @param cores   of each; 0: its share.
     * @return them, completed.
     * @throws ParallelException with BAD_ARGUMENT if a session may not have so many, or the heaps do not fit into the
     *     memory; the
     *                           message has the arithmetic.
     */
    public static WorkerOptions applied(WorkerOptions given, Machine machine, int workers, int cores)
    {
        int most = given.get(Option.MAX_WORKERS, Integer.class);
        if (workers > most)
        {
            throw Errors.badArgument("A pool of " + workers + " workers does not fit into a session of at most " +
                most +
                " (max-workers). If that is meant, raise the option max-workers (1024 at most).");
        }
        if (given.get(Option.IN, Object.class).equals("thread"))
        {
            return given;
        }
        WorkerOptions.Builder builder = given.toBuilder();
        int each = cores > 0 ? cores : Math.max(1, machine.cores() / machine.workers());
        List<String> jvmOptions = new ArrayList<>(List.of("-XX:ActiveProcessorCount=" + each));
        for (Object option : given.get(Option.JVM_OPTS, List.class))
        {
            jvmOptions.add((String)option);
        }
        builder.jvmOpts(jvmOptions);
        String heap = given.get(Option.MAX_HEAP, String.class);
        long memory = machine.memoryBytes();
        if (heap != null)
        {
            check(bytes(heap), machine.workers(), memory, "the option max-heap");
        }
        else if (memory > 0 &&
            jvmOptions.stream().noneMatch(option -> option.startsWith("-Xmx") || option.contains("RAMPercentage")))
        {
            long share = Math.min((long)(memory * FOR_HEAPS) / machine.workers(), memory / 4);
            check(Math.max(share, LEAST_HEAP), machine.workers(), memory, "the least that a worker needs");
            builder.maxHeap(share / MIB + "m");
        }
        return builder.build();
    }

    private static void check(long heap, int workers, long memory, String what)
    {
        if (memory > 0 && heap * workers > memory)
        {
            throw new ParallelException(ParallelException.Code.BAD_ARGUMENT,
                workers + " workers, each with a heap of " + heap / MIB + " MiB (" + what +
                "), take " + workers + " x " + heap / MIB + " MiB = " + heap * workers / MIB +
                " MiB; this machine or container has " + memory / MIB +
                " MiB. Take fewer workers, or a smaller max-heap.",
                Map.of("workers", workers, "heap-bytes", heap, "memory-bytes", memory), null);
        }
    }

    private static long bytes(String size)
    {
        char unit = Character.toLowerCase(size.charAt(size.length() - 1));
        int shift = Math.max(0, " kmgt".indexOf(unit)) * 10;
        return Long.parseLong(shift == 0 ? size : size.substring(0, size.length() - 1)) << shift;
    }

    /** Of the machine or of the container, in bytes; 0 where this JVM cannot tell. */
    private static long memory()
    {
        try
        {
            return Memory.bytes();
        }
        catch (LinkageError withoutManagement)
        {
            return 0;       // an image built without jdk.management
        }
    }

    /** Apart, since its classes may be missing. */
    private static final class Memory
    {
        private Memory()
        {
        }

        static long bytes()
        {
            return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system ?
                system.getTotalMemorySize() : 0;
        }
    }
}
