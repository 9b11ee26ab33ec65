package parallel.shared;

import java.util.LinkedHashMap;
import java.util.Map;

import parallel.ClosedException;
import parallel.WorkerDiedException;

/**
 * Words of 8 bytes in shared memory that locks and their like are made of; they travel as an array does.
 *
 * <pre>
 *   0 .. 7    of each kind its own; word 2: id + 1 of the worker whose death broke it, 0 while it is whole
 *   8 ..      the parties, see {@link Parties}
 * </pre>
 */
public abstract class Words implements Travelling, AutoCloseable
{
    static final int BROKEN = 2;
    static final int BROKEN_PID = 3;
    static final int OWN_WORDS = 8;

    final ArrayHandle words;
    private final Kind kind;

    /** What is made of words; the order is part of the layout of a reference. */
    enum Kind
    {
        LOCK("lock"), BARRIER("barrier"), LATCH("latch"), COUNTER("counter");

        final String title;

        Kind(String title)
        {
            this.title = title;
        }
    }

    Words(Kind kind, ArrayHandle words)
    {
        this.kind = kind;
        this.words = words;
    }

    static ArrayHandle newWords(int parties)
    {
        return (ArrayHandle)Arrays.create(long.class, OWN_WORDS + (long)parties * Parties.ENTRY_WORDS);
    }

    static Words arrived(int kind, ArrayHandle words)
    {
        return switch (Kind.values()[kind])
        {
            case LOCK -> new LockWords(words);
            case BARRIER -> BarrierWords.arrived(words);
            case LATCH -> LatchWords.arrived(words);
            case COUNTER -> new CounterWords(words);
        };
    }

    @Override
    public final Object reference()
    {
        return new Object[]{kind.ordinal(), words.reference()};
    }

    @Override
    public final void close()
    {
        words.close();
    }

    /** @return true after close in this process. */
    public final boolean isClosed()
    {
        return words.isClosed();
    }

    final void breakBy(Parties.Party dead)
    {
        words.setVolatile(BROKEN_PID, dead.pid());
        words.compareAndSet(BROKEN, 0, dead.id() + 1L);
    }

    final void requireWhole()
    {
        final long broken = words.getVolatile(BROKEN);
        if (broken == 0)
        {
            return;
        }
        final long pid = words.getVolatile(BROKEN_PID);
        final Map<String, Object> data = new LinkedHashMap<>();
        data.put("worker/id", (int)(broken - 1));
        data.put("worker/pid", pid);
        throw new WorkerDiedException("The " + kind.title + " is broken: " + (broken == 1 ? "the root" : "worker " + (broken - 1)) + " (pid " + pid +
            ") has ended " + cause() + ".", data, null);
    }

    /* What it did not do, as the end of a sentence. */
    abstract String cause();

    @Override
    public final String toString()
    {
        return "#parallel/" + kind.title + "{" + shown() + "}";
    }

    private String shown()
    {
        try
        {
            return state() + (words.getVolatile(BROKEN) == 0 ? "" : " :broken true");
        }
        catch (final ClosedException e)
        {
            return ":closed true";
        }
    }

    /* As the inside of a map, for the eye. */
    abstract String state();
}
