package parallel.transport;

import java.lang.invoke.VarHandle;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * Who waits at either end of a pair file: the flags in its header, as one end sets its own and reads the other's, and
 * the bell that goes with them.
 * <p>
 * No wake-up is lost: who is about to block sets its flag, then a full fence, then the last look, then the block (see
 * {@link Waiter}); who commits a record, or gives room back, does that first, then a full fence, then reads the flag,
 * clears it and rings.
 * <p>
 * Takes no lock. What reads the flag of the other end's receiver is called under the send lock, all else that touches a
 * flag under the receive lock; to ring needs none. After the channel was retired no flag is touched.
 */
final class WakeFlags
{
    private final UnsafeBuffer header;
    private final Bell bell;
    private final Parkers parkers;
    private final SpinPolicy patience = new SpinPolicy();

    private final int receiverThere;
    private final int senderThere;
    private final int receiverHere;
    private final int senderHere;

    /** The other end may have left out a fence, and nobody has slept long enough since. Guarded by the receive lock. */
    private boolean streamed;

    WakeFlags(PairFile pair, Side side, Bell bell, Parkers parkers)
    {
        int out = PairLayout.outDirection(side);
        int in = PairLayout.inDirection(side);
        this.header = pair.header();
        this.bell = bell;
        this.parkers = parkers;
        this.receiverThere = PairLayout.receiverFlagOffset(out);
        this.senderThere = PairLayout.senderWaitsOffset(in);
        this.receiverHere = PairLayout.receiverFlagOffset(in);
        this.senderHere = PairLayout.senderWaitsOffset(out);
    }

    SpinPolicy patience()
    {
        return patience;
    }

    Bell bell()
    {
        return bell;
    }

    // ---- the other end's flags

    // After a commit. A receiver that is far behind will look at the ring again before it thinks of blocking: then the
    // fence, which costs a stream of small messages a third of its speed, is left out. What that leaves open is closed
    // by the receiver, see Waiter. True: ringForReceiver is to follow.
    boolean receiverWaits()
    {
        return header.getIntVolatile(receiverThere) != PairLayout.STREAMS && takeFlag(receiverThere);
    }

    void ringForReceiver()
    {
        patience.bellWasRung();
        bell.ring();
    }

    // After a commit.
    void wakeReceiver()
    {
        if (receiverWaits())
        {
            ringForReceiver();
        }
    }

    // After a step of the head.
    void wakeSender()
    {
        if (takeFlag(senderThere))
        {
            bell.ring();
        }
    }

    // After a commit or a step of the head: fence, then look at the other end's flag.
    private boolean takeFlag(int offset)
    {
        // Pairs with the full fence between flag and look in Waiter.
        VarHandle.fullFence();
        if (header.getInt(offset) != PairLayout.WAITS)
        {
            return false;
        }
        // Cleared before the bell: who wakes by it sets the flag again.
        header.putIntRelease(offset, PairLayout.AWAKE);
        return true;
    }

    // ---- our own

    // There is much to read: the sender need not care whether we block. False: a thread is about to.
    boolean startStreaming()
    {
        if (parkers.size() > 0 || header.getInt(receiverHere) != PairLayout.AWAKE)
        {
            return false;
        }
        header.putIntRelease(receiverHere, PairLayout.STREAMS);
        return true;
    }

    // There is nothing more to read. The caller looks once more after this.
    void stopStreaming()
    {
        streamed = true;
        if (header.getInt(receiverHere) == PairLayout.STREAMS)
        {
            header.putIntRelease(receiverHere, PairLayout.AWAKE);
        }
        VarHandle.fullFence();
    }

    // Says that a thread is about to block; the full fence is the caller's. True: the thread must look once more a
    // little later, see Waiter.
    boolean set(Waiter.For what)
    {
        streamed |= header.getInt(receiverHere) == PairLayout.STREAMS;
        header.putIntRelease(receiverHere, PairLayout.WAITS);
        if (what == Waiter.For.ROOM)
        {
            header.putIntRelease(senderHere, PairLayout.WAITS);
        }
        return streamed;
    }

    // A thread has slept as long as a commit takes to become visible. While it did, no new time of streaming began.
    void setSure()
    {
        streamed = false;
    }

    // The last one to leave clears the flags: each bell that is rung for nobody costs the other end a system call. Who
    // enters meanwhile sets them after us, as both hold the lock.
    void clear()
    {
        if (parkers.size() == 0)
        {
            clear(receiverHere);
            clear(senderHere);
        }
    }

    private void clear(int flag)
    {
        if (header.getInt(flag) != PairLayout.AWAKE)
        {
            header.putIntRelease(flag, PairLayout.AWAKE);
        }
    }
}
