package parallel.shared;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.SharedBarrier;
import parallel.runtime.Errors;

/**
 * A barrier in shared memory. Words: 0 how many must arrive; 1 the generation &lt;&lt; 32 | how many have. A party has done: the generation in
 * which it arrived last + 1.
 */
final class BarrierWords extends Words implements SharedBarrier
{
    private static final int NEEDED = 0;
    private static final int STATE = 1;
    private static final long GENERATION_MASK = 0xFFFFFFFFL;

    private final Parties parties;

    private BarrierWords(ArrayHandle words)
    {
        super(Kind.BARRIER, words);
        this.parties = new Parties(words);
    }

    static BarrierWords create(int n)
    {
        if (n < 1)
        {
            throw Errors.badArgument("A barrier is for 1 party or more, not " + n + ".");
        }
        final BarrierWords barrier = new BarrierWords(newWords(Parties.MOST));
        barrier.words.setVolatile(NEEDED, n);
        return barrier;
    }

    static BarrierWords arrived(ArrayHandle words)
    {
        final BarrierWords barrier = new BarrierWords(words);
        barrier.parties.enter();
        return barrier;
    }

    private static long generation(long state)
    {
        return state >>> 32;
    }

    private static int arrived(long state)
    {
        return (int)state;
    }

    private static long state(long generation, long arrived)
    {
        return (generation & GENERATION_MASK) << 32 | arrived;
    }

    @Override
    public int await() throws InterruptedException
    {
        return await(Backoff.forever());
    }

    @Override
    public int await(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException
    {
        final int order = await(Backoff.atMost(timeout, unit));
        if (order < 0)
        {
            throw new TimeoutException("The barrier did not open within " + unit.toMillis(timeout) + " ms.");
        }
        return order;
    }

    private int await(Backoff backoff) throws InterruptedException
    {
        if (Thread.interrupted())
        {
            throw new InterruptedException();
        }
        requireWhole();
        final long entry = parties.enter();
        final long state = arrive(entry);
        final int order = parties() - arrived(state);
        return order == 0 || isOpenedAfter(generation(state), entry, backoff) ? order : -1;
    }

    /* The state with the caller in it; the last one opens the barrier by the next generation. */
    private long arrive(long entry)
    {
        while (true)
        {
            final long state = words.getVolatile(STATE);
            final long mine = state + 1;
            // Before the count has it: who dies between the two was there.
            parties.done(entry, generation(state) + 1);
            final boolean last = arrived(mine) == parties();
            if (words.compareAndSet(STATE, state, last ? state(generation(state) + 1, 0) : mine))
            {
                return mine;
            }
        }
    }

    private boolean isOpenedAfter(long generation, long entry, Backoff backoff) throws InterruptedException
    {
        while (generation(words.getVolatile(STATE)) == generation)
        {
            requireWhole();
            final boolean interrupted = Thread.currentThread().isInterrupted();
            if ((interrupted || backoff.isOver()) && isWithdrawn(generation, entry))
            {
                if (Thread.interrupted())
                {
                    throw new InterruptedException();
                }
                return false;
            }
            if (backoff.isLookDue())
            {
                look(generation);
            }
            backoff.pause();
        }
        return true;
    }

    /* False: the barrier has opened meanwhile. */
    private boolean isWithdrawn(long generation, long entry)
    {
        while (true)
        {
            final long state = words.getVolatile(STATE);
            if (generation(state) != generation)
            {
                return false;
            }
            if (words.compareAndSet(STATE, state, state - 1))
            {
                parties.done(entry, generation);
                return true;
            }
        }
    }

    /* Broken when one who waits has ended, or when one has ended and too few are left. */
    private void look(long generation)
    {
        final Parties.Census census = parties.census();
        if (census.ended().isEmpty())
        {
            return;
        }
        final long state = words.getVolatile(STATE);
        if (generation(state) != generation)
        {
            return;
        }
        final long mayCome = census.living().stream().filter(party -> party.done() != generation + 1).count();
        for (final Parties.Party ended : census.ended())
        {
            if (ended.done() == generation + 1 || mayCome < parties() - arrived(state))
            {
                breakBy(ended);
                return;
            }
        }
    }

    @Override
    public int parties()
    {
        return (int)words.getVolatile(NEEDED);
    }

    @Override
    public int waiting()
    {
        return arrived(words.getVolatile(STATE));
    }

    @Override
    public void reset()
    {
        if (words.getVolatile(BROKEN) != 0)
        {
            words.setVolatile(STATE, state(generation(words.getVolatile(STATE)) + 1, 0));
            words.setVolatile(BROKEN, 0);
        }
    }

    @Override
    String cause()
    {
        return "and cannot arrive any more; reset makes the barrier usable again, for as many parties";
    }

    @Override
    String state()
    {
        return ":parties " + parties() + " :waiting " + waiting();
    }
}
