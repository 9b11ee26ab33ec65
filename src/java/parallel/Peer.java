package parallel;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One end of a pair of message streams: a {@link Worker} as its parent sees it, or {@link Parallel#parent()} as a
 * worker sees it.
 *
 * <p>Each direction is first in, first out. A message arrives whole, once, or not at all; it may be of any size. What
 * the peer committed before it ended is received first. Then every call reports the end. Safe from any thread.
 *
 * <pre>{@code
 * try {
 *     worker.send(new double[] {1, 2, 3});
 *     Object sum = worker.receive();
 * }
 * catch (ClosedException e) {
 *     System.err.println("the worker has ended, and all that it sent was received");
 * }
 * }</pre>
 */
public interface Peer
{
    /**
     * Returns the peer's process id within the session. Never blocks.
     *
     * @return 0 for the root, else a positive number that is unique in the session and never used again.
     */
    int id();

    /**
     * Sends one message; blocks while the ring has no room and the peer is slow to take (backpressure). Meanwhile what
     * the peer sends is taken into the inbox, so that two ends that send to each other both continue.
     *
     * @param value any value that can be sent; it is encoded before the call returns or blocks.
     * @throws NotTransferableException if the value or a part of it cannot be sent; nothing is sent.
     * @throws ClosedException          after {@link #sendEnd()}, or if the peer has ended.
     * @throws ParallelException        the error of a peer that failed or died.
     * @throws InterruptedException     if interrupted while blocked; nothing of the message arrives.
     */
    void send(Object value) throws InterruptedException;

    /**
     * Sends one message, as {@link #send(Object)} does, for a limited time.
     *
     * @param value   any value that can be sent.
     * @param timeout how long to wait for room, 0 or more.
     * @param unit    the unit of the time-out.
     * @return true if sent; false if there was no room in time: nothing of it arrives.
     * @throws ParallelException    as {@link #send(Object)}.
     * @throws InterruptedException if interrupted while blocked; nothing of the message arrives.
     */
    boolean send(Object value, long timeout, TimeUnit unit) throws InterruptedException;

    /**
     * Sends one message if that is possible at once; never blocks.
     *
     * @param value any value that can be sent.
     * @return true if sent; false if there is no room now or another thread is sending.
     * @throws ParallelException with {@link ParallelException.Code#BAD_ARGUMENT} if the message is larger than the ring
     *                           can ever hold: use {@link #send(Object)}, which sends it in parts; else as that.
     */
    boolean trySend(Object value);

    /**
     * Sends the remaining bytes of a buffer as one message, without making an object: the other side's {@link
     * #receive()} gives a {@code byte[]}, as if that had been sent, and {@link #receiveBytes(ByteBuffer)} takes it into
     * a buffer. Blocks as {@link #send(Object)}. A direct buffer is copied once, into the ring.
     *
     * <pre>{@code
     * ByteBuffer frame = ByteBuffer.allocateDirect(64);
     * frame.putLong(42).flip();
     * worker.sendBytes(frame);      // frame.remaining() is 0
     * frame.clear();
     * int bytes = worker.receiveBytes(frame);
     * frame.flip();
     * }</pre>
     *
     * @param source any buffer over native memory or a byte array, read-only ones included; nobody may change it during
     *               the call, nor free its memory. Its position moves to its limit when the message was sent, and stays
     *               otherwise.
     * @throws ParallelException    with {@link ParallelException.Code#BAD_ARGUMENT} for null and for a buffer over
     *                              other memory; as {@link #send(Object)} when the peer has ended or failed.
     * @throws InterruptedException if interrupted while blocked; nothing of the message arrives.
     */
    void sendBytes(ByteBuffer source) throws InterruptedException;

    /**
     * Sends bytes, as {@link #sendBytes(ByteBuffer)} does, if that is possible at once; never blocks.
     *
     * @param source the buffer of the bytes; its position moves only if they were sent.
     * @return true if sent; false if there is no room now or another thread is sending.
     * @throws ParallelException as {@link #trySend(Object)}.
     */
    boolean trySendBytes(ByteBuffer source);

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
     * Takes the next message, as {@link #receive()} does, for a limited time.
     *
     * @param timeout how long to wait, 0 or more.
     * @param unit    the unit of the time-out.
     * @return the message, null included.
     * @throws TimeoutException     if none came in time; none is lost. Its cause, of the code TIMEOUT, has a worker's
     *                              {@code "status"} and, from a time-out of a second on, its {@code "threads"} if it
     *                              answers within a quarter of a second more.
     * @throws ParallelException    as {@link #receive()}.
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
     * @throws ParallelException    with {@link ParallelException.Code#BAD_ARGUMENT} if the next message is something
     *                              else or longer: it stays the next message. As {@link #receive()} when the stream
     *                              has ended.
     * @throws InterruptedException if interrupted while blocked; a message half arrived is the next caller's.
     */
    int receiveInto(Object array) throws InterruptedException;

    /**
     * Copies the next message, bytes, into a buffer, without making an object where the message is small; blocks until
     * there is one. The bytes are those of {@link #sendBytes(ByteBuffer)} or of a {@code byte[]} that was sent, nothing
     * before or after.
     *
     * @param target a buffer over native memory or a byte array; filled from its position on, which moves by what was
     *               copied. The limit stays: {@code flip} the buffer to read. Nobody may use it during the call, nor
     *               free its memory.
     * @return the number of bytes copied, 0 for an empty message.
     * @throws ParallelException    with {@link ParallelException.Code#BAD_ARGUMENT} if the next message is something
     *                              else or longer than what remains in the buffer: it stays the next message, and the
     *                              position stays; also for null, a read-only buffer, and one over other memory. As
     *                              {@link #receive()} when the stream has ended.
     * @throws InterruptedException if interrupted while blocked; a message half arrived is the next caller's.
     */
    int receiveBytes(ByteBuffer target) throws InterruptedException;

    /**
     * Gives the parent a value, and waits until the parent {@link Worker#step steps}: a rendezvous, separate from the
     * messages. For the peer that {@link Parallel#parent()} is. When several threads of a worker yield, the parent
     * steps them in the order in which they yielded. Meanwhile the worker's state is RECEIVING, and messages are taken
     * into the inbox.
     *
     * <pre>{@code
     * Peer parent = Parallel.parent();
     * while (!"break".equals(parent.yield(loss()))) {
     *     train();
     * }
     * }</pre>
     *
     * @param value any value that can be sent, or null; {@code step} returns it.
     * @return the parent's message.
     * @throws NotTransferableException if the value cannot be sent: nothing is given; or if the message cannot be read.
     * @throws ParallelException        with {@link ParallelException.Code#BAD_ARGUMENT} on a worker, and in a task of a
     *                                  pool.
     * @throws ClosedException          if the parent has ended, in a worker that is a thread.
     * @throws InterruptedException     if interrupted before the parent has stepped: the value is withdrawn. When it
     *     had, the message is returned, and the thread stays interrupted.
     */
    Object yield(Object value) throws InterruptedException;

    /**
     * Ends this direction: what was sent is received, then the other side's {@link #receive()} throws
     * {@link ClosedException}. Idempotent; never blocks.
     */
    void sendEnd();
}
