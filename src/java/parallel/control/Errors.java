package parallel.control;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import parallel.ClosedException;
import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.ParallelException.Code;
import parallel.codec.UnserializableException;
import parallel.transport.ChannelCorruptException;

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
     * A value that cannot be sent or be read.
     *
     * @param e the codec's word on it.
     * @return the error.
     */
    public static NotTransferableException notTransferable(UnserializableException e)
    {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("class", e.className());
        data.put("path", e.path());
        return new NotTransferableException(e.getMessage(), data, e.getCause());
    }

    /**
     * There is no memory here for bytes that came or are to go.
     *
     * @param who     facts of the peer.
     * @param forWhat with its size in bytes.
     * @param e       what the JVM said, or what else went wrong.
     * @return the error.
     */
    public static NotTransferableException noMemory(Map<String, ?> who, String forWhat, Throwable e)
    {
        Map<String, Object> data = new LinkedHashMap<>(who);
        data.put("class", "byte[]");
        data.put("path", List.of());
        return new NotTransferableException(!(e instanceof OutOfMemoryError) ? "This process failed to handle " +
            forWhat + ": " + e + "." :
            "There is no memory here for " + forWhat + " (" + e.getMessage() + "; the heap is of " +
            (Runtime.getRuntime().maxMemory() >> 20) +
            " MiB). Give this process more with -Xmx, or max-heap if it is a worker.", data, e);
    }

    /**
     * A message that cannot be read.
     *
     * @param who  facts of the peer that sent it.
     * @param name of that peer.
     * @param e    the codec's word on it.
     * @return the error.
     */
    public static NotTransferableException unreadable(Map<String, Object> who, String name, UnserializableException e)
    {
        who.put("class", e.className());
        who.put("path", e.path());
        return new NotTransferableException("A message from " + name + " cannot be read. " + e.getMessage(), who,
            e.getCause());
    }

    /**
     * What a peer's memory holds is no message: the stream ends there.
     *
     * @param who facts of the peer.
     * @param e   names the channel, and what is wrong with it.
     * @return the error.
     */
    public static ClosedException corrupt(Map<String, Object> who, ChannelCorruptException e)
    {
        who.put("corrupt", e.getMessage());
        return new ClosedException(e.getMessage() + ". Nothing that follows can be received.", who, e);
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
        String text = errors.stream().map(Throwable::getMessage).collect(Collectors.joining("\n  ", "\n  ", ""));
        ParallelException several = new ParallelException(Code.SEVERAL, errors.size() + " workers failed:" + text,
            Map.of("errors", List.copyOf(errors)), errors.get(0));
        errors.stream().skip(1).forEach(several::addSuppressed);
        return several;
    }
}
