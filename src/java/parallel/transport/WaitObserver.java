package parallel.transport;

import java.util.List;

/** Hears of each thread of this process that is about to block. Safe from any thread. */
@FunctionalInterface
public interface WaitObserver
{
    /**
     * Called in the slow path only, by the thread that blocks, holding no lock. Must not block.
     *
     * @param what          it waits for.
     * @param on            whose messages, room or words it waits for.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @param rouser        wakes the thread, from any other: it then asks whether it is to look.
     * @return what is told of this wait from now on; null: nothing.
     */
    Note begin(Waiter.For what, List<MessageChannel> on, long deadlineNanos, Runnable rouser);

    /** What is told of one wait. Used by the thread that waits. */
    interface Note
    {
        /**
         * When it wants to be asked to look, unless it is woken. Where the kernel has no timer to set, a wait of a
         * millisecond costs half.
         *
         * @return of {@link System#nanoTime}; {@link Long#MAX_VALUE}: never.
         */
        long lookAtNanos();

        /**
         * Is it to look now? Asked by the thread that waits, whenever it has woken up.
         *
         * @return true: the time has come, or somebody wants to know.
         */
        boolean isToLook();

        /**
         * The thread has found that it still has to wait. May throw: the wait ends with that.
         *
         * @param atNanos  of {@link System#nanoTime}, before it has looked.
         * @param on       whom it still waits for.
         * @param progress of the channels: the same number as before while nothing moves there.
         */
        void look(long atNanos, List<MessageChannel> on, long progress);

        /** The wait has ended. */
        void end();
    }
}
