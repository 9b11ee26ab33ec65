package parallel.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.RemoteException;
import parallel.StartFailedException;
import parallel.codec.Codec;

/**
 * An exception on its way to another process: a map of text, frames and data, from which it is rebuilt as far as its class
 * loads there.
 */
public final class RemoteError
{
    private static final int MOST_CAUSES = 32;
    private static final int MOST_FRAMES = 400;

    private RemoteError()
    {
    }

    /** How the parent is to report it. */
    public enum Phase
    {
        /** The worker could not load what it needs to evaluate anything. */
        NOT_READY,
        /** The code threw. */
        THREW,
        /** The code does not read, expand or compile. */
        NOT_EVALUABLE,
        /** The value cannot travel. */
        NOT_TRANSFERABLE
    }

    static byte[] encode(Throwable e, Phase phase, String doing)
    {
        final Map<String, Object> error = describe(e, 0);
        error.put("phase", phase.name());
        error.put("doing", doing);
        if (e instanceof parallel.codec.NotTransferableException n)
        {
            error.put("not-transferable-class", n.className());
            error.put("path", bytesOf(n.path()) != null ? n.path() : List.of());
        }
        return Codec.toBytes(error);
    }

    private static Map<String, Object> describe(Throwable e, int depth)
    {
        final Map<String, Object> error = new LinkedHashMap<>();
        error.put("class", e.getClass().getName());
        error.put("message", messageOf(e));
        error.put("frames", frames(e.getStackTrace()));
        error.put("data", dataOf(e));
        if (e.getCause() != null && e.getCause() != e && depth < MOST_CAUSES)
        {
            error.put("cause", describe(e.getCause(), depth + 1));
        }
        return error;
    }

    private static String messageOf(Throwable e)
    {
        try
        {
            return e.getMessage();
        }
        catch (final RuntimeException broken)
        {
            return "its message cannot be read: " + broken.getClass().getName();
        }
    }

    private static List<Object> frames(StackTraceElement[] trace)
    {
        final List<Object> frames = new ArrayList<>();
        for (int i = 0; i < Math.min(trace.length, MOST_FRAMES); i++)
        {
            final StackTraceElement f = trace[i];
            frames.add(new Object[]{f.getClassName(), f.getMethodName(), f.getFileName(), f.getLineNumber()});
        }
        return frames;
    }

    /** As bytes of their own: where they cannot be read, all else can. */
    private static byte[] dataOf(Throwable e)
    {
        final Language language = Language.find();
        final Object data = language == null ? null : language.dataOf(e);
        if (data == null)
        {
            return null;
        }
        final byte[] all = bytesOf(data);
        return all != null ? all : bytesOf(language.travellingPart(data, value -> bytesOf(value) != null));
    }

    private static byte[] bytesOf(Object value)
    {
        try
        {
            return Codec.toBytes(value);
        }
        catch (final RuntimeException e)
        {
            return null;
        }
    }

    /** Its data, in place of their bytes, and those of its causes. */
    @SuppressWarnings("unchecked")  // as describe has made it
    private static Map<String, Object> read(Map<?, ?> described)
    {
        final Map<String, Object> error = new LinkedHashMap<>((Map<String, Object>)described);
        error.computeIfPresent("data", (name, bytes) -> valueOf((byte[])bytes));
        error.computeIfPresent("cause", (name, cause) -> read((Map<?, ?>)cause));
        return error;
    }

    private static Object valueOf(byte[] bytes)
    {
        try
        {
            return Codec.fromBytes(bytes);
        }
        catch (final RuntimeException e)
        {
            return null;
        }
    }

    /**
     * The error to throw here.
     *
     * @param bytes    as encoded by the worker.
     * @param who      facts of the worker.
     * @param name     how messages name the worker.
     * @param starting whether code that does not compile is a failed start.
     * @return the error.
     */
    public static ParallelException decode(byte[] bytes, Map<String, Object> who, String name, boolean starting)
    {
        try
        {
            return decoded(read((Map<?, ?>)Codec.fromBytes(bytes)), who, name, starting);
        }
        catch (final RuntimeException e)
        {
            return new RemoteException(name + " failed, and its error cannot be read here: " + e.getMessage(), who, e);
        }
    }

    private static String inSentence(String name)
    {
        return name.substring(0, 1).toLowerCase(java.util.Locale.ROOT) + name.substring(1);
    }

    private static ParallelException decoded(Map<?, ?> error, Map<String, Object> who, String name, boolean starting)
    {
        final Map<String, Object> data = new LinkedHashMap<>(who);
        final Phase phase = Phase.valueOf((String)error.get("phase"));
        if (error.get("doing") != null)
        {
            data.put("doing", error.get("doing"));
        }
        final String summary = error.get("class") + ": " + error.get("message");
        if (phase == Phase.NOT_TRANSFERABLE)
        {
            data.put("class", error.get("not-transferable-class"));
            data.put("path", error.get("path"));
            return new NotTransferableException("The value of " + inSentence(name) + " cannot travel: " + error.get("message"), data, null);
        }
        final Throwable original = Rebuild.exception(error);
        if (phase == Phase.NOT_READY)
        {
            return new StartFailedException(name + " did not start. It could not load what it needs: " + innermost(error) +
                ". Is all of the library, and Clojure, on its class path?", data, original);
        }
        if (phase == Phase.NOT_EVALUABLE && starting)
        {
            return new StartFailedException("The code of " + name + " does not read, expand or compile: " + innermost(error), data, original);
        }
        data.put("class", error.get("class"));
        data.put("message", error.get("message"));
        data.put("data", error.get("data"));
        data.put("trace", List.of(original.getStackTrace()));
        return new RemoteException(name + " threw " + (phase == Phase.NOT_EVALUABLE ? innermost(error) : summary) + doing(error), data, original);
    }

    private static String doing(Map<?, ?> error)
    {
        final Object doing = error.get("doing");
        return doing == null ? "" : " (doing " + Text.shortened(doing.toString(), 200) + ")";
    }

    private static String innermost(Map<?, ?> error)
    {
        Map<?, ?> at = error;
        while (at.get("cause") instanceof Map<?, ?> cause)
        {
            at = cause;
        }
        final Object outer = at == error ? "" : " (" + error.get("message") + ")";
        return at.get("message") + "" + outer;
    }
}
