package parallel.codec;

import java.util.function.Supplier;

/**
 * How many will read what the calling thread writes: for values that stand for something that must be there until all
 * have. One, where nothing is said.
 */
public final class ReaderCount
{
    /** Not known, or more and more: as for what is kept for workers that are started later. */
    public static final int UNKNOWN = 0xFFFF;

    private static final ThreadLocal<Integer> EXPECTED = new ThreadLocal<>();

    private ReaderCount()
    {
    }

    /**
     * Writes for a number of readers.
     *
     * @param readers how many there will be.
     * @param writing what writes.
     * @param <T>     of the result.
     * @return its result.
     */
    public static <T> T of(int readers, Supplier<T> writing)
    {
        Integer outer = EXPECTED.get();
        EXPECTED.set(readers);
        try
        {
            return writing.get();
        }
        finally
        {
            if (outer == null)
            {
                EXPECTED.remove();
            }
            else
            {
                EXPECTED.set(outer);
            }
        }
    }

    /**
     * How many will read what is being written.
     *
     * @return 0 or more.
     */
    public static int expected()
    {
        Integer readers = EXPECTED.get();
        return readers == null ? 1 : Math.min(readers, UNKNOWN);
    }
}
