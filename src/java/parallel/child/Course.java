package parallel.child;

/**
 * How far a worker is with what its evaluation thread evaluates, and with its own end. One state, changed by the
 * methods here alone, under one lock; it may be read at any time. Where nothing stands, nothing changes.
 *
 * <pre>
 *               begin     over      stop       drop       breakOff   end
 *   IDLE        RUNNING             STOPPED               STOPPED    ENDED
 *   RUNNING               IDLE      STOPPING              BREAKING   ENDED
 *   STOPPING              STOPPED              BREAKING   BREAKING   ENDED
 *   BREAKING              BROKEN                                     ENDED
 *   STOPPED     as drop                        BROKEN                ENDED
 *   BROKEN                                                           ENDED
 * </pre>
 */
final class Course
{
    /** Where it is. */
    enum State
    {
        /** Nothing is evaluated; the next may begin. */
        IDLE,
        /** Something is evaluated. */
        RUNNING,
        /** Something is evaluated and may come to its end; nothing begins any more. */
        STOPPING,
        /** Something is evaluated, and it is broken off, or something that waited for its turn is. */
        BREAKING,
        /** Nothing is evaluated, and nothing begins any more; what was given to the worker came to its end. */
        STOPPED,
        /** The same, but something was broken off. */
        BROKEN,
        /** The worker says its last. */
        ENDED
    }

    private volatile State state = State.IDLE;

    /** Whether an evaluation has begun; one that may not, and that somebody waits for, is dropped. */
    synchronized boolean begin(boolean awaited)
    {
        if (state == State.IDLE)
        {
            state = State.RUNNING;
            return true;
        }
        if (awaited)
        {
            drop();
        }
        return false;
    }

    /** The evaluation that has begun is over: it cannot be broken off any more. */
    synchronized void over()
    {
        state = switch (state)
        {
            case RUNNING -> State.IDLE;
            case STOPPING -> State.STOPPED;
            case BREAKING -> State.BROKEN;
            default -> state;
        };
    }

    synchronized void stop()
    {
        state = switch (state)
        {
            case IDLE -> State.STOPPED;
            case RUNNING -> State.STOPPING;
            default -> state;
        };
    }

    /** Something that was given to the worker, and that somebody waits for, will not be evaluated. */
    synchronized void drop()
    {
        state = switch (state)
        {
            case STOPPING -> State.BREAKING;
            case STOPPED -> State.BROKEN;
            default -> state;
        };
    }

    synchronized void breakOff()
    {
        state = switch (state)
        {
            case IDLE -> State.STOPPED;
            case RUNNING, STOPPING -> State.BREAKING;
            default -> state;
        };
    }

    /** True once. */
    synchronized boolean end()
    {
        boolean first = state != State.ENDED;
        state = State.ENDED;
        return first;
    }

    boolean isRunning()
    {
        State now = state;
        return now == State.RUNNING || now == State.STOPPING || now == State.BREAKING;
    }

    boolean isAskedToEnd()
    {
        State now = state;
        return now != State.IDLE && now != State.RUNNING;
    }

    /** Something was broken off: the end of it is the worker's, which was stopped. */
    boolean isBroken()
    {
        State now = state;
        return now == State.BREAKING || now == State.BROKEN;
    }
}
