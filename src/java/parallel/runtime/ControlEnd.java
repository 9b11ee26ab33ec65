package parallel.runtime;

import parallel.transport.MessageChannel;

/** The worker's end of control, for its code: a rendezvous, and bodies that take tasks from messages. */
public interface ControlEnd
{
    /**
     * Gives a value to the parent and waits until it steps.
     *
     * @param value   codec bytes.
     * @param channel to the parent: what arrives there meanwhile is taken.
     * @return the parent's message, codec bytes.
     * @throws InterruptedException if interrupted before it has stepped: the value is withdrawn.
     */
    byte[] exchange(byte[] value, MessageChannel channel) throws InterruptedException;

    void serve(Runnable stop);

    void doing(String text);

    void liveHeapBytes(long bytes);

    WorkRecord record(String text);

    void waited(String what, long fromNanos, long toNanos);

    void lost(Throwable e);
}
