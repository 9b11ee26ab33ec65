package parallel.codec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Reads throwables of any class. Their methods are user code: they may throw, return null, or lead in a circle. What
 * fails is replaced, and everything else is still read. Safe from any thread.
 */
public final class Throwables
{
    /** So many throwables of one value are read, causes and suppressed ones together. */
    private static final int MOST = 1000;

    private final Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Reads one value. One thread at a time. */
    public Throwables()
    {
    }

    /**
     * Returns a throwable and its causes, each throwable of this value once.
     *
     * @param t not null.
     * @return the outermost first; empty if it was returned before. Ends where causes go in a circle, and after 1000
     *     throwables.
     */
    public List<Throwable> chain(Throwable t)
    {
        List<Throwable> chain = new ArrayList<>();
        for (Throwable at = t; at != null && isNew(at); at = cause(at))
        {
            chain.add(at);
        }
        return chain;
    }

    /**
     * Whether a throwable is met for the first time. Says no once so many were met that there may be no end.
     *
     * @param t not null.
     * @return false: leave it out.
     */
    public boolean isNew(Throwable t)
    {
        return seen.size() < MOST && seen.add(t);
    }

    /**
     * Reads the message.
     *
     * @param t not null.
     * @return it or null; a sentence in parentheses if it cannot be read.
     */
    public static String message(Throwable t)
    {
        return read(t::getMessage, e -> "(its message cannot be read: " + e.getClass().getName() + ")");
    }

    /**
     * Reads the message for the user's locale.
     *
     * @param t not null.
     * @return it or null; a sentence in parentheses if it cannot be read.
     */
    public static String localizedMessage(Throwable t)
    {
        return read(t::getLocalizedMessage, e -> "(its message cannot be read: " + e.getClass().getName() + ")");
    }

    /**
     * Reads the cause.
     *
     * @param t not null.
     * @return it; null if there is none, or it cannot be read.
     */
    public static Throwable cause(Throwable t)
    {
        return read(t::getCause, e -> null);
    }

    /**
     * Reads the stack trace.
     *
     * @param t not null.
     * @return its frames, none of them null; empty if it cannot be read.
     */
    public static StackTraceElement[] frames(Throwable t)
    {
        StackTraceElement[] frames = read(t::getStackTrace, e -> null);
        return frames == null ? new StackTraceElement[0] :
            Arrays.stream(frames).filter(Objects::nonNull).toArray(StackTraceElement[]::new);
    }

    /**
     * Reads a part of a throwable.
     *
     * @param part    calls user code.
     * @param instead makes of what was thrown what is returned instead.
     * @param <T>     of the part.
     * @return either; only want of memory is thrown.
     */
    public static <T> T read(Supplier<T> part, Function<Throwable, T> instead)
    {
        try
        {
            return part.get();
        }
        catch (OutOfMemoryError e)
        {
            throw e;
        }
        catch (Throwable e)
        {
            return instead.apply(e);
        }
    }
}
