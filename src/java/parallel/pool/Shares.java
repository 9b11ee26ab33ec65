package parallel.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import parallel.ParallelException;
import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.runtime.Errors;

/**
 * What of the machine or the container each worker of a pool takes: cores and memory, both as this JVM sees them, which looks at the
 * limits of its control group.
 */
public final class Shares
{
    /** Of the memory, for all heaps of the workers; the rest is for this JVM, for what JVMs need besides heap, and for others. */
    private static final double FOR_HEAPS = 0.75;
    private static final long LEAST_HEAP = 32L << 20;
    private static final long MIB = 1L << 20;

    private Shares()
    {
    }

    /**
     * Options with a worker's share of cores and memory.
     *
     * @param given   the user's; what they say wins.
     * @param workers how many there may be.
     * @param cores   of each; 0: its share.
     * @return them, completed.
     * @throws ParallelException with BAD_ARGUMENT if a session may not have so many, or the heaps do not fit into the memory; the
     *                           message has the arithmetic.
     */
    public static WorkerOptions applied(WorkerOptions given, int workers, int cores)
    {
        final int most = given.get(Option.MAX_WORKERS, Integer.class);
        if (workers > most)
        {
            throw Errors.badArgument("A pool of " + workers + " workers does not fit into a session of at most " + most +
                " (max-workers). If that is meant, raise the option max-workers (1024 at most).");
        }
        if (given.get(Option.IN_THREAD, Boolean.class))
        {
            return given;
        }
        final WorkerOptions.Builder builder = given.toBuilder();
        final int each = cores > 0 ? cores : Math.max(1, Runtime.getRuntime().availableProcessors() / workers);
        final List<String> jvmOptions = new ArrayList<>(List.of("-XX:ActiveProcessorCount=" + each));
        for (final Object option : given.get(Option.JVM_OPTS, List.class))
        {
            jvmOptions.add((String)option);
        }
        builder.jvmOpts(jvmOptions);
        final String heap = given.get(Option.MAX_HEAP, String.class);
        final long memory = memory();
        if (heap != null)
        {
            check(bytes(heap), workers, memory, "the option max-heap");
        }
        else if (memory > 0 && jvmOptions.stream().noneMatch(option -> option.startsWith("-Xmx") || option.contains("RAMPercentage")))
        {
            final long share = Math.min((long)(memory * FOR_HEAPS) / workers, memory / 4);
            check(Math.max(share, LEAST_HEAP), workers, memory, "the least that a worker needs");
            builder.maxHeap(share / MIB + "m");
        }
        return builder.build();
    }

    private static void check(long heap, int workers, long memory, String what)
    {
        if (memory > 0 && heap * workers > memory)
        {
            throw new ParallelException(ParallelException.Code.BAD_ARGUMENT, workers + " workers, each with a heap of " + heap / MIB + " MiB (" + what +
                "), take " + workers + " x " + heap / MIB + " MiB = " + heap * workers / MIB + " MiB; this machine or container has " + memory / MIB +
                " MiB. Take fewer workers, or a smaller max-heap.",
                Map.of("workers", workers, "heap-bytes", heap, "memory-bytes", memory), null);
        }
    }

    private static long bytes(String size)
    {
        final char unit = Character.toLowerCase(size.charAt(size.length() - 1));
        final int shift = Math.max(0, " kmgt".indexOf(unit)) * 10;
        return Long.parseLong(shift == 0 ? size : size.substring(0, size.length() - 1)) << shift;
    }

    /** Of the machine or of the container, in bytes; 0 where this JVM cannot tell. */
    private static long memory()
    {
        try
        {
            return Memory.bytes();
        }
        catch (final LinkageError withoutManagement)
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
            return java.lang.management.ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system ?
                system.getTotalMemorySize() : 0;
        }
    }
}
