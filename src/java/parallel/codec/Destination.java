package parallel.codec;

import java.util.function.Supplier;

/**
 * Where encoded bytes go: it decides whether a value may be among them that means something on one machine only. What
 * is encoded in one piece by {@link Codec} goes to a process of this machine, where nothing else is said.
 */
public enum Destination
{
    /** To a process of this machine. */
    HERE,
    /** To a process of another machine. */
    ELSEWHERE;

    private static final ThreadLocal<Destination> OF_PIECES = new ThreadLocal<>();

    /**
     * Writes for this destination: it is that of all that {@link Codec} encodes meanwhile on the calling thread.
     *
     * @param writing what writes.
     * @param <T>     of the result.
     * @return its result.
     */
    public <T> T of(Supplier<T> writing)
    {
        Destination outer = OF_PIECES.get();
        OF_PIECES.set(this);
        try
        {
            return writing.get();
        }
        finally
        {
            if (outer == null)
            {
                OF_PIECES.remove();
            }
            else
            {
                OF_PIECES.set(outer);
            }
        }
    }

    /**
     * Where goes what the calling thread encodes in one piece, or what an extension writes now.
     *
     * @return the destination.
     */
    public static Destination ofPieces()
    {
        Destination said = OF_PIECES.get();
        return said == null ? HERE : said;
    }
}
