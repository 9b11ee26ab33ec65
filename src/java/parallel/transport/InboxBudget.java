package parallel.transport;

import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What inboxes may hold together: those of all channels of this process a quarter of its heap, one with a limit of its
 * own that much. A message takes its part when it begins. Beyond the limit one message at a time is let in that is
 * larger than the limit, or alone in its inbox: two sides that send each other something large may not wait for each
 * other. A channel that is forgotten with messages in its inbox gives its share back when the collector has found it;
 * where others starve, the collector is asked to look. Safe from any thread.
 */
final class InboxBudget
{
    /** In bytes. */
    static final long SHARED_LIMIT = Runtime.getRuntime().maxMemory() / 4;

    private static final long FIRST_PAUSE_NANOS = 50_000_000;
    private static final long LONGEST_PAUSE_NANOS = 60_000_000_000L;

    private static final InboxBudget SHARED = new InboxBudget(SHARED_LIMIT);

    private final long limit;
    private final AtomicLong used = new AtomicLong();
    /** Whose message is let in beyond the limit. */
    private final AtomicReference<Share> beyond = new AtomicReference<>();
    private final ReferenceQueue<Inbox> forgotten = new ReferenceQueue<>();
    private final Set<Share> shares = ConcurrentHashMap.newKeySet();
    /** Channels that wait for room, and are woken when there is some. */
    private final Set<MessageChannel> starved = ConcurrentHashMap.newKeySet();

    /** Between two times that the collector is asked; longer each time that it found nothing. Guarded by shares. */
    private long pauseNanos = FIRST_PAUSE_NANOS;
    private long askedNanos = System.nanoTime() - FIRST_PAUSE_NANOS;

    /** What one message takes. */
    static class Claim
    {
        private long bytes;
        private boolean isBeyond;
    }

    /** What one inbox holds. Changed under the receive lock of its channel. */
    static final class Share extends PhantomReference<Inbox>
    {
        private final InboxBudget budget;
        private volatile long bytes;
        /** Its worker or parent is gone: perhaps nobody has it any more. */
        private volatile boolean isOfTheGone;

        private Share(Inbox inbox, InboxBudget budget)
        {
            super(inbox, budget.forgotten);
            this.budget = budget;
        }

        // For a message whose bytes are to be copied now. False: there is no room for it, and the channel is woken when
        // there is some.
        boolean take(Claim claim, long wanted, MessageChannel channel)
        {
            if (tryTake(claim, wanted))
            {
                return true;
            }
            budget.starved.add(channel);
            budget.askCollector();
            budget.reclaim();
            // Looked at once more: what was given back before the channel was there has woken nobody.
            if (tryTake(claim, wanted))
            {
                budget.starved.remove(channel);
                return true;
            }
            return false;
        }

        private boolean tryTake(Claim claim, long wanted)
        {
            boolean fits = budget.add(wanted);
            if (!fits && (wanted > budget.limit || bytes == 0))
            {
                claim.isBeyond = budget.beyond.compareAndSet(null, this);
            }
            if (claim.isBeyond)
            {
                budget.used.addAndGet(wanted);
            }
            return (fits || claim.isBeyond) && count(claim, wanted);
        }

        // For what is in memory already, or asked for by who receives: however much is used.
        void insist(Claim claim, long wanted)
        {
            giveBack(claim);
            budget.used.addAndGet(wanted);
            count(claim, wanted);
        }

        void giveBack(Claim claim)
        {
            long change = claim.bytes;
            if (change == 0)
            {
                return;
            }
            count(claim, -change);
            budget.used.addAndGet(-change);
            if (claim.isBeyond)
            {
                claim.isBeyond = false;
                budget.beyond.set(null);
            }
            budget.wakeStarved();
        }

        // Does the channel wait for room that only the collector may give back, of which nobody is told?
        boolean isStarved(MessageChannel channel)
        {
            return budget.starved.contains(channel);
        }

        // The other side is gone.
        void neverStarves(MessageChannel channel)
        {
            isOfTheGone = true;
            budget.starved.remove(channel);
        }

        // one thread at a time; others read it when that one is gone
        @SuppressWarnings("NonAtomicOperationOnVolatileField")
        private boolean count(Claim claim, long change)
        {
            claim.bytes += change;
            bytes += change;
            if (bytes == 0)
            {
                budget.shares.remove(this);
            }
            else if (bytes == change)
            {
                budget.shares.add(this);
            }
            return true;
        }
    }

    private InboxBudget(long limit)
    {
        this.limit = limit;
    }

    // The share of an inbox that may hold so many bytes, or MessageChannel.SHARED_LIMIT.
    static Share of(Inbox inbox, long inboxBytes)
    {
        return new Share(inbox, inboxBytes == MessageChannel.SHARED_LIMIT ? SHARED : new InboxBudget(inboxBytes));
    }

    private boolean add(long bytes)
    {
        long before;
        do
        {
            before = used.get();
            if (bytes > limit - before)
            {
                return false;
            }
        }
        while (!used.compareAndSet(before, before + bytes));
        return true;
    }

    private void askCollector()
    {
        synchronized (shares)
        {
            boolean mayFind = shares.stream().anyMatch(share -> share.isOfTheGone);
            if (!mayFind || System.nanoTime() - askedNanos < pauseNanos)
            {
                return;
            }
            askedNanos = System.nanoTime();
            pauseNanos = Math.min(LONGEST_PAUSE_NANOS, 2 * pauseNanos);
        }
        System.gc();
    }

    private void reclaim()
    {
        for (Reference<? extends Inbox> share = forgotten.poll(); share != null; share = forgotten.poll())
        {
            if (shares.remove(share))
            {
                synchronized (shares)
                {
                    pauseNanos = FIRST_PAUSE_NANOS;
                }
                used.addAndGet(-((Share)share).bytes);
                beyond.compareAndSet((Share)share, null);
            }
        }
    }

    private void wakeStarved()
    {
        for (MessageChannel channel : starved)
        {
            starved.remove(channel);
            channel.wakeLocal();
        }
    }

    // What the inboxes with the shared limit hold, in bytes.
    static long used()
    {
        SHARED.reclaim();
        return SHARED.used.get();
    }
}
