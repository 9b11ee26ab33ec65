package parallel.shared;

import java.util.concurrent.TimeUnit;

import parallel.SharedLatch;
import parallel.runtime.Errors;

/** A latch in shared memory. Word 0: the count. A party has done: how often it counted down. */
final class LatchWords extends Words implements SharedLatch
{
    private static final int COUNT = 0;

    private final Parties parties;

    private LatchWords(ArrayHandle words)
    {
        super(Kind.LATCH, words);
        this.parties = new Parties(words);
    }

    static LatchWords create(int n)
    {
        if (n < 0)
        {
            throw Errors.badArgument("A latch counts down from 0 or more, not " + n + ".");
        }
        final LatchWords latch = new LatchWords(newWords(Parties.MOST));
        latch.words.setVolatile(COUNT, n);
        return latch;
    }

    static LatchWords arrived(ArrayHandle words)
    {
        final LatchWords latch = new LatchWords(words);
        latch.parties.enter();
        return latch;
    }

    @Override
    public void countDown()
    {
        parties.add(parties.enter(), 1);
        long count = getCount();
        while (count > 0 && !words.compareAndSet(COUNT, count, count - 1))
        {
            count = getCount();
        }
    }

    @Override
    public long getCount()
    {
        return words.getVolatile(COUNT);
    }

    @Override
    public void await() throws InterruptedException
    {
        await(Backoff.forever());
    }

    @Override
    public boolean await(long timeout, TimeUnit unit) throws InterruptedException
    {
        return await(Backoff.atMost(timeout, unit));
    }

    private boolean await(Backoff backoff) throws InterruptedException
    {
        final long entry = parties.enter();
        parties.waiting(entry, 1);
        try
        {
            while (getCount() > 0)
            {
                requireWhole();
                if (Thread.interrupted())
                {
                    throw new InterruptedException();
                }
                if (backoff.isOver())
                {
                    return false;
                }
                if (backoff.isLookDue())
                {
                    look();
                }
                backoff.pause();
            }
            return true;
        }
        finally
        {
            if (!isClosed())
            {
                parties.waiting(entry, -1);
            }
        }
    }

    /* Broken when one has ended that neither counted nor waited for others to, and too few are left who could. */
    private void look()
    {
        final Parties.Census census = parties.census();
        final long mayCount = census.living().stream().filter(party -> party.done() == 0 && !party.waiting()).count();
        census.ended().stream().filter(party -> party.done() == 0 && !party.waiting()).findFirst()
            .filter(ended -> mayCount < getCount())
            .ifPresent(this::breakBy);
    }

    @Override
    String cause()
    {
        return "without counting down";
    }

    @Override
    String state()
    {
        return ":count " + getCount();
    }
}
