package parallel.shared;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.SharedBarrier;
import parallel.control.Errors;

/**
 * A barrier in shared memory. Words: 0 how many must arrive; 1 the generation &lt;&lt; 32 | how many have. A party
 * has done: the generation in which it arrived last + 1.
 */
final class BarrierCells extends SyncCells implements SharedBarrier
{
    private static final int NEEDED = 0;
    private static final int STATE = 1;
    private static final long GENERATION_MASK = 0xFFFFFFFFL;

    BarrierCells(ArrayHandle words)
    {
        super(Kind.BARRIER, words);
    }

    static BarrierCells create(int n)
    {
        if (n < 1)
        {
            throw Errors.badArgument("A barrier is for 1 party or more, not " + n + ".");
        }
        BarrierCells barrier = new BarrierCells(Kind.BARRIER.newWords());
        barrier.words.setVolatile(NEEDED, n);
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
        int order = await(Backoff.atMost(timeout, unit));
        if (order < 0)
        {
            throw new TimeoutException("The barrier did not open within " + unit.toMillis(timeout) + " ms.");
        }
        return order;
    }

    private int await(Backoff backoff) throws InterruptedException
    {
        refuseInterrupted();
        requireWhole();
        long entry = parties.enter();
        long state = arrive(entry);
        int order = parties() - arrived(state);
        return order == 0 || await(new Opening(generation(state), entry), backoff) ? order : -1;
    }

    // The state with the caller in it; the last one opens the barrier by the next generation.
    private long arrive(long entry)
    {
        while (true)
        {
            long state = words.getVolatile(STATE);
            long mine = state + 1;
            // Before the count has it: who dies between the two was there.
            parties.done(entry, generation(state) + 1);
            boolean last = arrived(mine) == parties();
            if (words.compareAndSet(STATE, state, last ? state(generation(state) + 1, 0) : mine))
            {
                return mine;
            }
        }
    }

    /** The end of a generation, for one who has arrived in it. */
    private final class Opening implements Awaited
    {
        private final long generation;
        private final long entry;

        Opening(long generation, long entry)
        {
            this.generation = generation;
            this.entry = entry;
        }

        private boolean isPast(long state)
        {
            return generation(state) != generation;
        }

        @Override
        public boolean hasCome()
        {
            return isPast(words.getVolatile(STATE));
        }

        // Takes the caller back out of those who have arrived.
        @Override
        public boolean isGivenUp()
        {
            while (true)
            {
                long state = words.getVolatile(STATE);
                if (isPast(state))
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

        @Override
        public Bringers bringers()
        {
            int arrived = arrived(words.getVolatile(STATE));
            return new Bringers(partiesOrMaker(party -> party.done() != generation + 1), parties() - arrived);
        }

        // Broken when a waiting party has ended, or when one has ended and too few are left.
        @Override
        public void look()
        {
            Parties.Census census = parties.census();
            if (census.ended().isEmpty())
            {
                return;
            }
            long state = words.getVolatile(STATE);
            if (isPast(state))
            {
                return;
            }
            long mayCome = census.living().stream().filter(party -> party.done() != generation + 1).count();
            for (Parties.Party ended : census.ended())
            {
                if (ended.done() == generation + 1 || mayCome < parties() - arrived(state))
                {
                    breakBy(ended.id(), ended.pid());
                    return;
                }
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
        mend(() -> words.setVolatile(STATE, state(generation(words.getVolatile(STATE)) + 1, 0)));
    }

    @Override
    void describeOwn(Map<String, Object> facts)
    {
        long state = words.getVolatile(STATE);
        facts.put("parties", parties());
        facts.put("arrived", arrived(state));
        facts.put("waiting", parties.ids(party -> arrived(state) > 0 && party.done() == generation(state) + 1));
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
