package parallel.control;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import parallel.NotTransferableException;
import parallel.ParallelException;
import parallel.RemoteException;
import parallel.StartFailedException;
import parallel.codec.Codec;
import parallel.codec.Throwables;
import parallel.codec.UnserializableException;

/**
 * An exception on its way to another process: a map of text, frames and data, from which it is rebuilt as far as its
 * class loads there.
 */
public final class RemoteError
{
    private static final int MOST_CAUSES = 32;
    private static final int MOST_FRAMES = 400;
    private static final int MOST_TEXT = 1 << 20;

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
        /** The value cannot be sent. */
        NOT_TRANSFERABLE,
        /** What it was given does not fit. */
        BAD_ARGUMENT
    }

    /**
     * An error as bytes. Never throws: of one that cannot be described only the class is told.
     *
     * @param e     what was thrown.
     * @param phase how the parent is to report it.
     * @param doing the text of what was evaluated, or null.
     * @return its codec bytes.
     */
    public static byte[] encode(Throwable e, Phase phase, String doing)
    {
        try
        {
            return described(e, phase, doing);
        }
        catch (Throwable second)
        {
            return described(new IllegalStateException(e.getClass().getName() + ", and it cannot be described: " +
                second.getClass().getName()), phase, null);
        }
    }

    private static byte[] described(Throwable e, Phase phase, String doing)
    {
        Throwables read = new Throwables();
        read.isNew(e);
        Map<String, Object> error = describe(e, 0, read);
        error.put("phase", phase.name());
        error.put("doing", doing);
        if (e instanceof UnserializableException n)
        {
            error.put("not-transferable-class", n.className());
            error.put("path", bytesOf(n.path()) != null ? n.path() : List.of());
        }
        return Codec.toBytes(error);
    }

    private static Map<String, Object> describe(Throwable e, int depth, Throwables read)
    {
        Map<String, Object> error = new LinkedHashMap<>();
        String message = Throwables.message(e);
        error.put("class", e.getClass().getName());
        error.put("message", message == null ? null : Text.shortened(message, MOST_TEXT));
        error.put("frames", frames(Throwables.frames(e)));
        error.put("data", dataOf(e));
        Throwable cause = Throwables.cause(e);
        if (cause != null && depth < MOST_CAUSES && read.isNew(cause))
        {
            error.put("cause", describe(cause, depth + 1, read));
        }
        List<Object> suppressed = new ArrayList<>();
        for (Throwable other : e.getSuppressed())
        {
            if (depth < MOST_CAUSES && suppressed.size() < MOST_CAUSES && read.isNew(other))
            {
                suppressed.add(describe(other, depth + 1, read));
            }
        }
        if (!suppressed.isEmpty())
        {
            error.put("suppressed", suppressed);
        }
        return error;
    }

    private static List<Object> frames(StackTraceElement[] trace)
    {
        List<Object> frames = new ArrayList<>();
        for (int i = 0; i < Math.min(trace.length, MOST_FRAMES); i++)
        {
            StackTraceElement f = trace[i];
            frames.add(new Object[]{f.getClassName(), f.getMethodName(), f.getFileName(), f.getLineNumber()});
        }
        return frames;
    }

    /** As bytes of their own: where they cannot be read, all else can. */
    private static byte[] dataOf(Throwable e)
    {
        Language language = Language.find();
        Object data = language == null ? null : Throwables.read(() -> language.dataOf(e), broken -> null);
        if (data == null)
        {
            return null;
        }
        byte[] all = bytesOf(data);
        return all != null ? all : bytesOf(language.travellingPart(data, value -> bytesOf(value) != null));
    }

    private static byte[] bytesOf(Object value)
    {
        try
        {
            return Codec.toBytes(value);
        }
        catch (RuntimeException e)
        {
            return null;
        }
    }

    /** Its data, in place of their bytes, and those of its causes. */
    @SuppressWarnings("unchecked")  // as describe has made it
    private static Map<String, Object> read(Map<?, ?> described)
    {
        Map<String, Object> error = new LinkedHashMap<>((Map<String, Object>)described);
        error.computeIfPresent("data", (name, bytes) -> valueOf((byte[])bytes));
        error.computeIfPresent("cause", (name, cause) -> read((Map<?, ?>)cause));
        error.computeIfPresent(
            "suppressed", (name, all) -> ((List<?>)all).stream().map(one -> read((Map<?, ?>)one)).toList());
        return error;
    }

    private static Object valueOf(byte[] bytes)
    {
        try
        {
            return Codec.fromBytes(bytes);
        }
        catch (RuntimeException e)
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
        catch (RuntimeException e)
        {
            return new RemoteException(name + " failed, and its error cannot be read here: " + e.getMessage(), who, e);
        }
    }

    private static String inSentence(String name)
    {
        return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    private static ParallelException decoded(Map<?, ?> error, Map<String, Object> who, String name, boolean starting)
    {
        Map<String, Object> data = new LinkedHashMap<>(who);
        Phase phase = Phase.valueOf((String)error.get("phase"));
        if (error.get("doing") != null)
        {
            data.put("doing", error.get("doing"));
        }
        String summary = error.get("class") + ": " + error.get("message");
        if (phase == Phase.NOT_TRANSFERABLE)
        {
            data.put("class", error.get("not-transferable-class"));
            data.put("path", error.get("path"));
            return new NotTransferableException("The value of " + inSentence(name) + " cannot be sent: " +
                error.get("message"), data, null);
        }
        if (phase == Phase.BAD_ARGUMENT)
        {
            return new ParallelException(ParallelException.Code.BAD_ARGUMENT, name + ": " + error.get("message"), data,
                null);
        }
        Throwable original = Rebuild.exception(error);
        if (phase == Phase.NOT_READY)
        {
            return new StartFailedException(name + " did not start. It could not load what it needs: " +
                innermost(error) +
                ". Is all of the library, and Clojure, on its class path?", data, original);
        }
        if (phase == Phase.NOT_EVALUABLE && starting)
        {
            return new StartFailedException("The code of " + name + " does not read, expand or compile: " +
                innermost(error), data, original);
        }
        data.put("class", error.get("class"));
        data.put("message", error.get("message"));
        data.put("data", error.get("data"));
        data.put("trace", List.of(original.getStackTrace()));
        return new RemoteException(name + " threw " + (phase == Phase.NOT_EVALUABLE ? innermost(error) : summary) +
            doing(error), data, original);
    }

    private static String doing(Map<?, ?> error)
    {
        Object doing = error.get("doing");
        return doing == null ? "" : " (doing " + Text.shortened(doing.toString(), 200) + ")";
    }

    private static String innermost(Map<?, ?> error)
    {
        Map<?, ?> at = error;
        while (at.get("cause") instanceof Map<?, ?> cause)
        {
            at = cause;
        }
        Object outer = at == error ? "" : " (" + error.get("message") + ")";
        return at.get("message") + "" + outer;
    }
}
