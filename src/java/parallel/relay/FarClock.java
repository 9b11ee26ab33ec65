package parallel.relay;

/**
 * What has to be added to another machine's {@link System#nanoTime} to get this one's: what it said when it answered is
 * taken for the middle between question and answer, which is wrong by half of the round trip at most. So the shortest
 * round trip counts, and is forgotten slowly, since two clocks drift apart. For one thread.
 */
final class FarClock
{
    private static final long FORGOTTEN_PER_ANSWER = 25_000;

    private long best = Long.MAX_VALUE / 2;
    private long shift;

    void heard(long askedNanos, long answeredNanos, long thereNanos)
    {
        long roundTrip = answeredNanos - askedNanos;
        best += FORGOTTEN_PER_ANSWER;
        if (roundTrip <= best)
        {
            best = roundTrip;
            shift = askedNanos + roundTrip / 2 - thereNanos;
        }
    }

    long shiftNanos()
    {
        return shift;
    }
}
