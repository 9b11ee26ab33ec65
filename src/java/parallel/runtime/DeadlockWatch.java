package parallel.runtime;

/** What a call that has waited for long asks: whether its wait can end. Found by name when the first asks. */
public interface DeadlockWatch
{
    /**
     * Looks at who waits for whom, from a thread that still has to wait. May throw: the wait ends with that.
     *
     * @param asker the wait of the calling thread, which notes what it sees.
     * @return true: it may be part of a deadlock, and is to look again soon.
     */
    boolean look(WaitNote asker);
}
