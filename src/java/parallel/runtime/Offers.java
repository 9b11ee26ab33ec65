package parallel.runtime;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

import parallel.ParallelException;

/**
 * What the threads of a worker have yielded and its parent has not taken yet, first in, first out. The offers of a
 * group are taken together or not at all, and one that is taken cannot be withdrawn: so one lock guards all offers of a
 * process.
 */
final class Offers
{
    private static final Object LOCK = new Object();

    /** Guarded by LOCK. */
    private final Deque<Offer> waiting = new ArrayDeque<>();

    /**
     * What one thread has yielded.
     *
     * @param number of it, unique in the worker.
     * @param value  codec bytes.
     * @param unread why there is no value: no memory; else null.
     */
    record Offer(long number, byte[] value, Supplier<ParallelException> unread)
    {
        Object decoded()
        {
            if (unread != null)
            {
                throw unread.get();
            }
            return Values.decode(value);
        }
    }

    void add(Offer offer)
    {
        synchronized (LOCK)
        {
            waiting.add(offer);
        }
    }

    // False: it has been taken, and its answer is on its way.
    boolean withdraw(long number)
    {
        synchronized (LOCK)
        {
            return waiting.removeIf(offer -> offer.number() == number);
        }
    }

    boolean isEmpty()
    {
        synchronized (LOCK)
        {
            return waiting.isEmpty();
        }
    }

    // The first offer of each; null: one has none, and nothing is taken.
    static List<Offer> takeFirst(List<Offers> all)
    {
        synchronized (LOCK)
        {
            if (all.stream().anyMatch(offers -> offers.waiting.isEmpty()))
            {
                return null;
            }
            List<Offer> taken = new ArrayList<>();
            all.forEach(offers -> taken.add(offers.waiting.remove()));
            return taken;
        }
    }
}
