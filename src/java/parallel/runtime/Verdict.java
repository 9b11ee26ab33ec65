package parallel.runtime;

import parallel.WorkerStatus.State;

/**
 * How the end of a worker is judged, from what its parent knows when the worker has exited. The order of the constants
 * is that in which they are looked for; doc/design/lifecycle.md has the same table.
 */
public enum Verdict
{
    /** What it wrote in its ring or on control cannot be read, and it was killed for that. */
    CORRUPT(State.DEAD),
    /** It has said how it ended, and there is no memory here for that. */
    UNREAD(State.FAILED),
    /** It could not be launched, connected or made ready in time. */
    START_FAILED(State.FAILED),
    /** Its final value came. */
    SAID_VALUE(State.ENDED),
    /** Its error came. */
    SAID_ERROR(State.FAILED),
    /** Its host is lost, and what it did since is not known. */
    HOST_LOST(State.DEAD),
    /** An error ended the thread that leads its life here, or lost one of its frames, before it was ready. */
    LOST_EARLY(State.FAILED),
    /** The same, later. */
    LOST(State.DEAD),
    /** It has exited before it was ready, and nobody stopped it. */
    ENDED_EARLY(State.FAILED),
    /** A fork with nothing to do was stopped. */
    STOPPED_IDLE(State.ENDED),
    /** It has exited without a word. */
    DIED(State.DEAD);

    private final State state;

    Verdict(State state)
    {
        this.state = state;
    }

    /** What it said last. */
    public enum LastWord
    {
        NONE, VALUE, ERROR
    }

    /**
     * What is known.
     *
     * @param corrupt     it wrote what cannot be read.
     * @param unread      its last word did not fit into the memory here.
     * @param startFailed its start failed.
     * @param last        what it said last.
     * @param hostLost    its host was lost.
     * @param lost        what it depends on here was lost.
     * @param ready       it was told what it is to do.
     * @param stopping    it was stopped or killed by its parent.
     * @param stoppedIdle it was stopped with nothing to do.
     */
    public record Evidence(
        boolean corrupt, boolean unread, boolean startFailed, LastWord last, boolean hostLost,
        boolean lost, boolean ready, boolean stopping, boolean stoppedIdle)
    {
    }

    /** One of ENDED, FAILED and DEAD. */
    public State state()
    {
        return state;
    }

    public static Verdict of(Evidence known)
    {
        if (known.corrupt)
        {
            return CORRUPT;
        }
        if (known.unread)
        {
            return UNREAD;
        }
        if (known.startFailed && !known.stopping)
        {
            return START_FAILED;
        }
        if (known.last != LastWord.NONE)
        {
            return known.last == LastWord.VALUE ? SAID_VALUE : SAID_ERROR;
        }
        if (known.hostLost)
        {
            return HOST_LOST;
        }
        if (known.lost)
        {
            return known.ready ? LOST : LOST_EARLY;
        }
        if (!known.ready && !known.stopping)
        {
            return ENDED_EARLY;
        }
        return known.stoppedIdle ? STOPPED_IDLE : DIED;
    }
}
