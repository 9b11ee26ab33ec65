package parallel.transport;

/**
 * How long to spin before blocking. Normally 5 us: a partner that is awake answers in less. After this side has rung
 * the bell not at all: the kernel wakes the partner on this very core, and it would have to wait for our spinning.
 * Two sides that ring each other would do so for ever, so once in a while one spins until the other has woken up and
 * answered: from there both find each other awake again.
 * <p>
 * A hint, hence without synchronization: a lost update costs one spin.
 */
final class SpinPolicy
{
    private static final long SPIN_NANOS = 5_000;
    private static final long WARM_UP_NANOS = 60_000;
    private static final int WARM_UP_EVERY = 32;

    private boolean rang;
    private int cold;

    void bellWasRung()
    {
        rang = true;
    }

    // The nanoseconds to spin in the wait that begins now.
    long spinNanos()
    {
        if (!rang)
        {
            return SPIN_NANOS;
        }
        rang = false;
        return ++cold % WARM_UP_EVERY == 0 ? WARM_UP_NANOS : 0;
    }
}
