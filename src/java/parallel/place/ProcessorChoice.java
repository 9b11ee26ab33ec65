package parallel.place;

import java.util.List;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.control.Errors;
import parallel.process.Processors;

/** Which processors of this machine a worker may use. */
public final class ProcessorChoice
{
    private ProcessorChoice()
    {
    }

    /**
     * Deals one out where each worker is to have one, and checks that those that were asked for are there.
     *
     * @param options of the worker.
     * @return the same, with numbers of processors, if any were asked for.
     * @throws parallel.ParallelException with BAD_ARGUMENT if one is not there.
     */
    public static WorkerOptions made(WorkerOptions options)
    {
        if (!options.isSet(Option.CPUS))
        {
            return options;
        }
        List<?> wanted = options.get(Option.CPUS, List.class);
        if (wanted.isEmpty())
        {
            return options.toBuilder().cpus(List.of(Processors.next())).build();
        }
        List<Integer> allowed = Processors.allowed();
        if (!allowed.isEmpty() && !allowed.containsAll(wanted))
        {
            throw Errors.badArgument("Option cpus is " + wanted + "; the processors that this process may use are " +
                allowed + ".");
        }
        return options;
    }
}
