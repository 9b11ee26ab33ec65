package parallel.shared;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

import parallel.ClosedException;
import parallel.SharedBarrier;
import parallel.SharedCounter;
import parallel.SharedLatch;
import parallel.SharedLock;
import parallel.ParallelException;
import parallel.WorkerDiedException;
import parallel.codec.UnserializableException;
import parallel.runtime.SessionMemory;
import parallel.runtime.WaitNote;
import parallel.runtime.Waits;

/**
 * Words of 8 bytes in shared memory that locks and their like are made of; they are sent as an array is.
 *
 * <pre>
 *   0 .. 7    of each kind its own; word 2: id + 1 of the worker whose death broke it, 0 while it is whole; word 5:
 *             id + 1 of its maker
 *   8 ..      the parties, see {@link Parties}; a lock and a counter have none
 * </pre>
 */
public abstract class SyncCells implements SentByReference, AutoCloseable
{
    static final String INSTEAD =
        "Let the workers of that machine have one of their own, or send messages.";
    static final int BROKEN = 2;
    static final int BROKEN_PID = 3;
    private static final int MAKER = 5;
    static final int OWN_WORDS = 8;

    final ArrayHandle words;
    final Parties parties;
    private final Kind kind;

    /** What is made of words; the order is part of the layout of a reference. */
    enum Kind
    {
        LOCK("lock", SharedLock.class, 0, LockCells::new),
        BARRIER("barrier", SharedBarrier.class, Parties.MOST, BarrierCells::new),
        LATCH("latch", SharedLatch.class, Parties.MOST, LatchCells::new),
        COUNTER("counter", SharedCounter.class, 0, CounterCells::new);

        final String title;
        private final Class<?> type;
        private final int parties;
        private final Function<ArrayHandle, SyncCells> of;

        Kind(String title, Class<?> type, int parties, Function<ArrayHandle, SyncCells> of)
        {
            this.title = title;
            this.type = type;
            this.parties = parties;
            this.of = of;
        }

        // The same again, for who looks; it takes part in nothing.
        SyncCells over(ArrayHandle words)
        {
            return of.apply(words);
        }

        // For a new one: zeros.
        ArrayHandle newWords()
        {
            ArrayHandle words =
                (ArrayHandle)SharedArrays.create(long.class, OWN_WORDS + (long)parties * Parties.ENTRY_WORDS);
            words.setVolatile(MAKER, SessionMemory.id() + 1L);
            return words;
        }
    }

    /** What a thread waits for at these words. */
    interface Awaited
    {
        boolean hasCome();

        // Breaks it when those who could bring it have ended.
        void look();

        // The caller is interrupted, or its time is over; false: it has come meanwhile.
        default boolean isGivenUp()
        {
            return true;
        }

        // Who can bring it.
        Bringers bringers();
    }

    /** Ids of those who can bring it, and how many of them it needs. */
    record Bringers(int[] ids, int needed)
    {
    }

    SyncCells(Kind kind, ArrayHandle words)
    {
        this.kind = kind;
        this.words = words;
        this.parties = new Parties(words);
        words.mapping.cells(kind);
    }

    // One that was sent here: this process is a party of it from now on.
    static SyncCells arrived(int kind, ArrayHandle words)
    {
        SyncCells cells = Kind.values()[kind].of.apply(words);
        cells.parties.enter();
        return cells;
    }

    static UnserializableException notFromElsewhere(int kind)
    {
        Kind of = Kind.values()[kind];
        return SharedExtension.notFromElsewhere(of.type, "A " + of.title, INSTEAD);
    }

    @Override
    public final String insteadElsewhere()
    {
        return INSTEAD;
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

    // True: it has come; false: the time is over.
    final boolean await(Awaited awaited, Backoff backoff) throws InterruptedException
    {
        WaitNote note = null;
        try
        {
            while (!awaited.hasCome())
            {
                requireWhole();
                boolean interrupted = Thread.currentThread().isInterrupted();
                if ((interrupted || backoff.isOver()) && awaited.isGivenUp())
                {
                    refuseInterrupted();
                    return false;
                }
                if (backoff.isLookDue())
                {
                    awaited.look();
                }
                note = note == null && backoff.isAsleep() ? begin(awaited.bringers(), backoff.deadline()) : note;
                if (note != null && note.isDue() && !isPassedBy(note, awaited))
                {
                    return true;
                }
                backoff.pause();
            }
            return true;
        }
        finally
        {
            if (note != null)
            {
                note.end();
            }
        }
    }

    // False: it has come meanwhile. What the look throws ends the wait.
    private static boolean isPassedBy(WaitNote note, Awaited awaited)
    {
        long now = System.nanoTime();
        if (awaited.hasCome())
        {
            return false;
        }
        Bringers bringers = awaited.bringers();
        try
        {
            note.look(now, bringers.ids, bringers.needed, 0);
        }
        catch (ParallelException e)
        {
            if (awaited.isGivenUp())
            {
                throw e;
            }
            return false;
        }
        return true;
    }

    private WaitNote begin(Bringers bringers, long deadline)
    {
        return switch (kind)
        {
            case LOCK -> Waits.forLock(bringers.ids, deadline);
            case BARRIER -> Waits.forBarrier(bringers.ids, bringers.needed, deadline);
            default -> Waits.forLatch(bringers.ids, bringers.needed, deadline);
        };
    }

    // Its maker is a party once it has used it, and may be one before. None, while it is on its way to others.
    final int[] partiesOrMaker(Predicate<Parties.Party> are)
    {
        return words.isOnItsWay() ? new int[0] : parties.ids((int)words.getVolatile(MAKER) - 1, are);
    }

    static void refuseInterrupted() throws InterruptedException
    {
        if (Thread.interrupted())
        {
            throw new InterruptedException();
        }
    }

    final void breakBy(int id, long pid)
    {
        words.setVolatile(BROKEN_PID, pid);
        words.compareAndSet(BROKEN, 0, id + 1L);
    }

    // Makes a broken one whole, of which own sets the words of its kind. No effect on one that is whole.
    final void mend(Runnable own)
    {
        if (words.getVolatile(BROKEN) != 0)
        {
            own.run();
            words.setVolatile(BROKEN, 0);
        }
    }

    final void requireWhole()
    {
        long broken = words.getVolatile(BROKEN);
        if (broken == 0)
        {
            return;
        }
        long pid = words.getVolatile(BROKEN_PID);
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("worker/id", (int)(broken - 1));
        data.put("worker/pid", pid);
        throw new WorkerDiedException("The " + kind.title + " is broken: " +
            (broken == 1 ? "the root" : "worker " + (broken - 1)) + " (pid " + pid +
            ") has ended " + cause() + ".", data, null);
    }

    // Adds what is known of it to what who looks is told.
    final void describe(Map<String, Object> facts)
    {
        long broken = words.getVolatile(BROKEN);
        facts.put("maker", (int)words.getVolatile(MAKER) - 1);
        facts.put("broken", broken == 0 ? null : (int)broken - 1);
        describeOwn(facts);
    }

    // The same, of its kind.
    abstract void describeOwn(Map<String, Object> facts);

    // What it did not do, as the end of a sentence.
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
        catch (ClosedException e)
        {
            return ":closed true";
        }
    }

    // As the inside of a map, for the eye.
    abstract String state();
}
