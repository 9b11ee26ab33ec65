package parallel.hosts;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import parallel.HostOptions;
import parallel.ParallelException;
import parallel.ParallelException.Code;

/** Several hosts that are brought in side by side: all of them, or none. All are begun before one is waited for. */
public final class HostsTogether
{
    private HostsTogether()
    {
    }

    /**
     * Brings hosts in; blocks until each of them is up or could not be brought in.
     *
     * @param specs of each.
     * @return the hosts, in that order.
     * @throws ParallelException with SEVERAL if one or more could not be brought in: the others are removed.
     */
    public static List<HostHandle> add(List<HostOptions> specs)
    {
        HostRegistry registry = HostRegistry.current();
        HostRegistry.checkRoot();
        List<HostHandle> coming = new ArrayList<>();
        List<HostHandle> hosts = new ArrayList<>();
        List<ParallelException> errors = new ArrayList<>();
        for (HostOptions spec : specs)
        {
            coming.add(orError(() -> registry.entered(spec), errors));
        }
        for (int i = 0; i < coming.size(); i++)
        {
            HostHandle host = coming.get(i);
            HostOptions spec = specs.get(i);
            if (host != null && orError(() -> registry.awaitUp(host, spec), errors) != null)
            {
                hosts.add(host);
            }
        }
        if (!errors.isEmpty())
        {
            hosts.parallelStream().forEach(HostHandle::close);
            throw several(errors, specs.size());
        }
        return List.copyOf(hosts);
    }

    /** Null: its error is among them. */
    private static HostHandle orError(Supplier<HostHandle> step, List<ParallelException> errors)
    {
        try
        {
            return step.get();
        }
        catch (ParallelException e)
        {
            errors.add(e);
            return null;
        }
    }

    private static ParallelException several(List<ParallelException> errors, int of)
    {
        String text = errors.stream().map(Throwable::getMessage).collect(Collectors.joining("\n  ", "\n  ", ""));
        ParallelException several = new ParallelException(Code.SEVERAL, errors.size() + " of " + of +
            " hosts could not be added; the others are removed." + text, Map.of("errors", List.copyOf(errors)),
            errors.get(0));
        errors.stream().skip(1).forEach(several::addSuppressed);
        return several;
    }
}
