package parallel.shared;

import java.util.Map;
import java.util.concurrent.TimeUnit;

import parallel.SharedLatch;
import parallel.control.Errors;

/** A latch in shared memory. Word 0: the count. A party has done: how often it counted down. */
final class LatchCells extends SyncCells implements SharedLatch, SyncCells.Awaited
{
    private static final int COUNT = 0;

    LatchCells(ArrayHandle words)
    {
        super(Kind.LATCH, words);
    }

    static LatchCells create(int n)
    {
        if (n < 0)
        {
            throw Errors.badArgument("A latch counts down from 0 or more, not " + n + ".");
        }
        LatchCells latch = new LatchCells(Kind.LATCH.newWords());
        latch.words.setVolatile(COUNT, n);
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
        long entry = parties.enter();
        parties.waiting(entry, 1);
        try
        {
            return await(this, backoff);
        }
        finally
        {
            if (!isClosed())
            {
                parties.waiting(entry, -1);
            }
        }
    }

    @Override
    public boolean hasCome()
    {
        return getCount() == 0;
    }

    // Broken when one has ended that neither counted nor waited for others to, and too few are left who could.
    @Override
    public void look()
    {
        Parties.Census census = parties.census();
        long mayCount = census.living().stream().filter(party -> party.done() == 0 && !party.waiting()).count();
        census.ended().stream().filter(party -> party.done() == 0 && !party.waiting()).findFirst()
            .filter(ended -> mayCount < getCount())
            .ifPresent(ended -> breakBy(ended.id(), ended.pid()));
    }

    /** Those who have it; one of them may count down more than once, and give it to others. */
    @Override
    public Bringers bringers()
    {
        return new Bringers(partiesOrMaker(party -> !party.waiting()), 1);
    }

    @Override
    void describeOwn(Map<String, Object> facts)
    {
        facts.put("value", getCount());
        facts.put("waiting", parties.ids(Parties.Party::waiting));
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
