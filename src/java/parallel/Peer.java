package parallel;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One end of a pair of message streams: a {@link Worker} as its parent sees it, or {@link Parallel#parent()} as a worker sees it.
 *
 * <p>Each direction is first in, first out. A message arrives whole, once, or not at all; it may be of any size. What the peer
 * committed before it ended is received first, then the end, once and for ever after. Safe from any thread.
 *
 * <pre>{@code
 * worker.send(new double[] {1, 2, 3});
 * Object sum = worker.receive();
 * }</pre>
 */
public interface Peer
{
    /**
     * The peer's process id within the session.
     *
     * @return 0 for the root, else a positive number that is unique in the session and never used again.
     */
    int id();

    /**
     * Sends one message; blocks while the ring has no room and the peer is slow to take (backpressure). Meanwhile what the
     * peer sends is taken into the inbox, so that two ends that send to each other do not wait for ever.
     *
     * @param value any value that can travel; it is encoded before the call returns or blocks.
     * @throws NotTransferableException if the value or a part of it cannot travel; nothing is sent.
     * @throws ClosedException          after {@link #sendEnd()}, or if the peer has ended.
     * @throws ParallelException        the error of a peer that failed or died.
     * @throws InterruptedException     if interrupted while blocked; nothing of the message arrives.
     */
    void send(Object value) throws InterruptedException;

    /**
     * As {@link #send(Object)}, for a limited time.
     *
     * @param value   the message.
     * @param timeout how long to wait for room.
     * @param unit    of the time-out.
     * @return true if sent; false if there was no room in time: nothing of it arrives.
     * @throws InterruptedException if interrupted while blocked.
     */
    boolean send(Object value, long timeout, TimeUnit unit) throws InterruptedException;

    /**
     * Sends if that is possible at once; never blocks.
     *
     * @param value the message.
     * @return true if sent; false if there is no room now or another thread is sending.
     * @throws ParallelException with {@link ParallelException.Code#BAD_ARGUMENT} if the message is larger than the ring can
     *                           ever hold: use {@link #send(Object)}, which sends it in parts.
     */
    boolean trySend(Object value);

    /**
     * Takes the next message; blocks until there is one. Each message goes to exactly one caller.
     *
     * @return the message, null included.
     * @throws ClosedException          if the peer has ended its stream or has ended normally, and all was received.
     * @throws ParallelException        the error of a peer that failed or died, when all it sent was received.
     * @throws NotTransferableException if this one message cannot be read here; the next call gets the next one.
     * @throws InterruptedException     if interrupted while blocked; no message is lost.
     */
    Object receive() throws InterruptedException;

    /**
     * As {@link #receive()}, for a limited time.
     *
     * @param timeout how long to wait.
     * @param unit    of the time-out.
     * @return the message.
     * @throws TimeoutException     if none came in time; none is lost. Its cause, of the code TIMEOUT, has a worker's
     *                              {@code "status"} and, from a time-out of a second on, its {@code "threads"} if it answers
     *                              within a quarter of a second more.
     * @throws InterruptedException if interrupted while blocked.
     */
    Object receive(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException;

    /**
     * Takes the next message if there is one; never blocks.
     *
     * @param none the caller's own marker.
     * @return the message, or {@code none} if there is none now.
     * @throws ParallelException as {@link #receive()} when the stream has ended.
     */
    Object tryReceive(Object none);

    /**
     * Copies the next message, a primitive array, straight into an array of the caller's; blocks until there is one.
     *
     * @param array a primitive array of the same type and of at least the message's length.
     * @return the number of elements copied.
     * @throws ParallelException    with {@link ParallelException.Code#BAD_ARGUMENT} if the next message is something else or
     *                              longer: it stays the next message.
     * @throws InterruptedException if interrupted while blocked; a message half arrived is the next caller's.
     */
    int receiveInto(Object array) throws InterruptedException;

    /**
     * Ends this direction: what was sent is received, then the other side's {@link #receive()} throws
     * {@link ClosedException}. Idempotent; never blocks.
     */
    void sendEnd();
}
