package parallel.runtime;

import parallel.process.Output;

/** What lines of workers of workers cost on their way up over control; the parent gives it back as it delivers them. */
public final class LineCredit
{
    /** How many bytes may be on their way up from one worker. */
    public static final int LIMIT_BYTES = 8 << 20;

    private LineCredit()
    {
    }

    /**
     * What a line counts while it is on its way up: at least what it counts in the parent's queue, which would refuse
     * what is beyond its limit.
     *
     * @param payload its codec bytes.
     * @return bytes.
     */
    public static int cost(byte[] payload)
    {
        return cost(payload, 1);
    }

    /**
     * The same of several lines that go up together.
     *
     * @param payload their codec bytes.
     * @param lines   how many there are, some thousand at most.
     * @return bytes.
     */
    public static int cost(byte[] payload, int lines)
    {
        return (int)Math.min((long)Output.LINE_BYTES * lines + payload.length, LIMIT_BYTES);
    }
}
