package parallel.codec;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * A value cannot be written, or a message cannot be read. Concerns one message only.
 */
public final class UnserializableException extends RuntimeException
{
    private static final long serialVersionUID = 1L;
    private static final int SHOWN = 24;

    private final String className;
    private final boolean tooDeep;
    private final transient Deque<Object> path = new ArrayDeque<>();

    private UnserializableException(String className, String message, boolean tooDeep, Throwable cause)
    {
        super(message, cause);
        this.className = className;
        this.tooDeep = tooDeep;
    }

    /**
     * A value that cannot be written.
     *
     * @param type   its class.
     * @param reason why not, and what to do instead; follows "A value of class X cannot be sent: ".
     * @return a new exception without a path.
     */
    public static UnserializableException refused(Class<?> type, String reason)
    {
        return new UnserializableException(
            type.getName(), "A value of class " + type.getTypeName() + " cannot be sent: " + reason, false, null);
    }

    /**
     * A message that cannot be read.
     *
     * @param className the class that could not be had here; null if the bytes make no sense by themselves.
     * @param message   a sentence.
     * @param cause     or null.
     * @return a new exception.
     */
    public static UnserializableException unreadable(String className, String message, Throwable cause)
    {
        return new UnserializableException(className, message, false, cause);
    }

    static UnserializableException tooDeep(Class<?> type, int limit)
    {
        String name = type == null ? null : type.getName();
        return new UnserializableException(name, "The value is nested more than " + limit +
            " levels deep, or contains itself: send it flat, or in parts.", true, null);
    }

    /**
     * Called by each collection that the exception passes on its way out.
     *
     * @param step the key, index or field that leads to the offender.
     * @return this.
     */
    public UnserializableException at(Object step)
    {
        path.addFirst(step == null ? Nil.NIL : step);
        return this;
    }

    /**
     * As {@link #at(Object)}, for the case that a key itself cannot be sent.
     *
     * @param key of a map.
     * @return this.
     */
    public UnserializableException atKey(Object key)
    {
        return at("key of class " + (key == null ? "null" : key.getClass().getName()));
    }

    /**
     * The class that cannot be sent.
     *
     * @return its name; null where no class is to blame.
     */
    public String className()
    {
        return className;
    }

    /**
     * Where it is in the value: keys of maps, indices of sequential things and arrays, fields of records, the position
     * in a set. If a key itself cannot be sent, the last element describes it.
     *
     * @return from the outside in; empty if it is the value itself, or if a message could not be read.
     */
    public List<Object> path()
    {
        List<Object> steps = new ArrayList<>(path);
        Collections.replaceAll(steps, Nil.NIL, null);
        return Collections.unmodifiableList(steps);
    }

    @Override
    public String getMessage()
    {
        return path.isEmpty() ? super.getMessage() : super.getMessage() + " It is at " + pathText() + ".";
    }

    /**
     * Whether depth is the reason: then no part of the value is to blame, and none can be left out.
     *
     * @return true if the value is nested too deep.
     */
    public boolean isTooDeep()
    {
        return tooDeep;
    }

    private String pathText()
    {
        StringBuilder text = new StringBuilder("[");
        int shown = 0;
        for (Object step : path())
        {
            if (shown == SHOWN)
            {
                text.append(" ... (").append(path.size()).append(" steps)");
                break;
            }
            text.append(shown++ == 0 ? "" : " ").append(step instanceof String ? "\"" + step + "\"" : stepText(step));
        }
        return text.append(']').toString();
    }

    /** A key of any size and class: only small ones are worth printing, and no user's toString may fail this. */
    private static String stepText(Object step)
    {
        try
        {
            String text = String.valueOf(step);
            return text.length() <= 80 ? text : text.substring(0, 77) + "...";
        }
        catch (RuntimeException e)
        {
            return step.getClass().getName();
        }
    }

    private enum Nil
    {
        NIL
    }
}
