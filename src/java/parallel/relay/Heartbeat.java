package parallel.relay;

import java.util.concurrent.TimeUnit;

/** When the other machine was heard last, and what follows from that. Safe from any thread. */
final class Heartbeat
{
    /** Between two beats. */
    static final long EVERY_MS = 500;

    /** What the time without a word means. */
    enum Verdict
    {
        HEARD, SILENT, LOST
    }

    private final long timeoutMs;
    private volatile long heardNanos = System.nanoTime();

    Heartbeat(long timeoutMs)
    {
        this.timeoutMs = timeoutMs;
    }

    void heard()
    {
        heard(System.nanoTime());
    }

    /**
     * Whatever comes is a sign of life: on a slow link a beat waits behind the frames of all streams.
     *
     * @param nanos when, which may be earlier than what is known.
     */
    synchronized void heard(long nanos)
    {
        if (nanos - heardNanos > 0)
        {
            heardNanos = nanos;
        }
    }

    long silentMs()
    {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - heardNanos);
    }

    Verdict verdict()
    {
        long silent = silentMs();
        return silent > timeoutMs ? Verdict.LOST : silent > timeoutMs / 3 ? Verdict.SILENT : Verdict.HEARD;
    }
}
