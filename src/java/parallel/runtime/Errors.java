package parallel.runtime;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import parallel.ClosedException;
import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.ParallelException.Code;

/**
 * The one place where errors are made: what happened, likely why, what to do, and the facts.
 */
public final class Errors
{
    private Errors()
    {
    }

    /**
     * An argument that is not allowed.
     *
     * @param message the value and what is allowed.
     * @return the error.
     */
    public static ParallelException badArgument(String message)
    {
        return new ParallelException(Code.BAD_ARGUMENT, message, Map.of(), null);
    }

    /**
     * The stream has ended.
     *
     * @param who     facts of the peer.
     * @param message what was tried on what.
     * @return the error.
     */
    public static ClosedException closed(Map<String, ?> who, String message)
    {
        return new ClosedException(message, who, null);
    }

    /**
     * A value that cannot travel or be read.
     *
     * @param e the codec's word on it.
     * @return the error.
     */
    public static NotTransferableException notTransferable(parallel.codec.NotTransferableException e)
    {
        final Map<String, Object> data = new LinkedHashMap<>();
        data.put("class", e.className());
        data.put("path", e.path());
        return new NotTransferableException(e.getMessage(), data, e.getCause());
    }

    /**
     * The error of a group call: that of the one member that failed, or all of them in one.
     *
     * @param errors of the members, at least one.
     * @return the one error.
     */
    public static ParallelException ofGroup(List<ParallelException> errors)
    {
        if (errors.size() == 1)
        {
            return errors.get(0);
        }
        final String text = errors.stream().map(Throwable::getMessage).collect(Collectors.joining("\n  ", "\n  ", ""));
        final ParallelException several = new ParallelException(Code.SEVERAL, errors.size() + " workers failed:" + text,
            Map.of("errors", List.copyOf(errors)), errors.get(0));
        errors.stream().skip(1).forEach(several::addSuppressed);
        return several;
    }
}
