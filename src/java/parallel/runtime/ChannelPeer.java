package parallel.runtime;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;
import parallel.Peer;
import parallel.codec.Brief;
import parallel.codec.Encoder;
import parallel.codec.Message;
import parallel.codec.Messages;
import parallel.codec.Replaced;
import parallel.codec.Target;
import parallel.transport.Assembly;
import parallel.transport.ChannelCorruptException;
import parallel.transport.MessageChannel;
import parallel.transport.MessageChannel.Sent;
import parallel.transport.Payload;
import parallel.transport.Reader;

/**
 * A peer over a message channel: values to bytes and back, and the channel's outcomes to errors.
 */
public abstract class ChannelPeer implements Peer, Replaced
{
    static final long FOREVER = Long.MAX_VALUE;
    /** Who waits for a message for less than this polls, and need not hear where the peer's threads are. */
    private static final long PATIENT_MS = 1000;
    private static final Reader DIRECT = Messages.direct();

    /** The peer's id. */
    private final int id;
    private volatile boolean sendEnded;
    /** What was next to receive is no message: after it nothing more is received. */
    private volatile ChannelCorruptException corrupt;

    ChannelPeer(int id)
    {
        this.id = id;
    }

    /**
     * The channel to the peer.
     *
     * @return it, or null if there never was one: then {@link #endError()} says why.
     */
    abstract MessageChannel channel();

    /**
     * Why there is nothing more to receive: called when the inbound stream has ended and all of it was received.
     *
     * @return a new error.
     */
    abstract ParallelException endError();

    /**
     * The error of a peer that failed.
     *
     * @return a new error; null of a peer that lives or has ended normally.
     */
    abstract ParallelException failure();

    /**
     * Waits until a peer whose channel is corrupt was ended, which is being done.
     *
     * @throws InterruptedException if interrupted while blocked.
     */
    abstract void awaitEndOfCorrupt() throws InterruptedException;

    /**
     * Whether nothing will change any more of a peer whose channel is corrupt.
     *
     * @return true if it has ended, or does not end for that.
     */
    abstract boolean isSettled();

    /**
     * How messages name the peer.
     *
     * @return such as {@code "worker 3 (pid 4242)"}.
     */
    abstract String name();

    /**
     * The peer's facts for an error.
     *
     * @return a new map with its id and pid.
     */
    abstract Map<String, Object> who();

    /**
     * Adds what is known of a peer that did not answer in time.
     *
     * @param data of the error.
     * @param ask  whether to ask it for its threads, which takes a quarter of a second where it does not answer.
     * @throws InterruptedException if interrupted while asking.
     */
    void tellMore(Map<String, Object> data, boolean ask) throws InterruptedException
    {
        // nothing is known of a parent
    }

    /**
     * The error of a call that ran out of time.
     *
     * @param doing     the call.
     * @param timeoutMs its time-out, in milliseconds.
     * @return a new error; with a worker's status and, if it answers, its threads.
     * @throws InterruptedException if interrupted while asking.
     */
    public final ParallelException timeoutError(String doing, long timeoutMs) throws InterruptedException
    {
        return timeoutError(doing, timeoutMs, true);
    }

    private ParallelException timeoutError(String doing, long timeoutMs, boolean ask) throws InterruptedException
    {
        final Map<String, Object> data = who();
        data.put("timeout-ms", timeoutMs);
        tellMore(data, ask);
        final String state = data.get("status") instanceof parallel.WorkerStatus status ?
            "; it is " + status.state().name().toLowerCase(java.util.Locale.ROOT) +
            (status.doing() == null ? "" : ", doing " + Text.shortened(status.doing(), 200)) : "";
        return new ParallelException(ParallelException.Code.TIMEOUT, doing + " " + name() + " timed out after " + timeoutMs + " ms" + state + ".", data, null);
    }

    /**
     * The same as the JDK's exception for it, whose cause it is.
     *
     * @param doing   the call.
     * @param timeout of it.
     * @param unit    of that.
     * @param ask     whether to ask the peer for its threads.
     * @return a new exception.
     * @throws InterruptedException if interrupted while asking.
     */
    final TimeoutException timeout(String doing, long timeout, TimeUnit unit, boolean ask) throws InterruptedException
    {
        final ParallelException why = timeoutError(doing, unit.toMillis(timeout), ask);
        final TimeoutException e = new TimeoutException(why.getMessage());
        e.initCause(why);
        return e;
    }

    @Override
    public final int id()
    {
        return id;
    }

    @Override
    public final void send(Object value) throws InterruptedException
    {
        send(value, FOREVER);
    }

    @Override
    public final boolean send(Object value, long timeout, TimeUnit unit) throws InterruptedException
    {
        return send(value, deadline(timeout, unit));
    }

    private boolean send(Object value, long deadline) throws InterruptedException
    {
        final boolean afterEnd = sendEnded;
        final long brief = Brief.of(value);
        if (brief != 0 && sendBriefly(brief, value))
        {
            return true;
        }
        final Encoder encoder = Encoder.acquire();
        try
        {
            return transmit(encode(encoder, value), deadline, afterEnd);
        }
        finally
        {
            encoder.release();
        }
    }

    private boolean sendBriefly(long brief, Object value)
    {
        return value instanceof byte[] array ? sendBriefly(brief, array, Brief.BYTES_BASE, array.length) : sendBriefly(brief, null, 0, 0);
    }

    /* False: the longer way says why it is not sent, or waits for room. */
    private boolean sendBriefly(long brief, Object memory, long address, int bytes)
    {
        final MessageChannel channel = channel();
        return channel != null &&
            channel.sendBriefly(Brief.head(brief), Brief.headBytes(brief), memory, address, bytes) == Sent.SENT;
    }

    private boolean transmit(Payload payload, long deadline, boolean afterEnd) throws InterruptedException
    {
        try
        {
            final MessageChannel channel = channel();
            return done(channel == null ? Sent.ENDED : channel.send(payload, deadline), afterEnd);
        }
        catch (final ChannelCorruptException e)
        {
            awaitEndOfCorrupt();
            throw corruptError(e);
        }
    }

    @Override
    public final void sendBytes(ByteBuffer source) throws InterruptedException
    {
        checkReachable("sendBytes", source);
        final boolean afterEnd = sendEnded;
        if (sendBriefly(source))
        {
            return;
        }
        final Encoder encoder = Encoder.acquire();
        try
        {
            transmit(encoder.encodeBytes(source), FOREVER, afterEnd);
            source.position(source.limit());
        }
        finally
        {
            encoder.release();
            Reference.reachabilityFence(source);
        }
    }

    @Override
    public final boolean trySendBytes(ByteBuffer source)
    {
        checkReachable("trySendBytes", source);
        final boolean afterEnd = sendEnded;
        final Encoder encoder = Encoder.acquire();
        try
        {
            final boolean sent = tryTransmit(encoder.encodeBytes(source), afterEnd);
            source.position(sent ? source.limit() : source.position());
            return sent;
        }
        finally
        {
            encoder.release();
            Reference.reachabilityFence(source);
        }
    }

    private boolean sendBriefly(ByteBuffer source)
    {
        final int count = source.remaining();
        final long brief = Brief.ofBytes(count);
        try
        {
            final boolean sent = brief != 0 && sendBriefly(brief, Brief.memory(source), Brief.address(source), count);
            source.position(sent ? source.limit() : source.position());
            return sent;
        }
        finally
        {
            Reference.reachabilityFence(source);
        }
    }

    private static void checkReachable(String call, ByteBuffer buffer)
    {
        if (buffer == null || !Target.isReachable(buffer))
        {
            throw Errors.badArgument(call + " takes a ByteBuffer over native memory or a byte array, not " +
                (buffer == null ? "null" : buffer) + ".");
        }
    }

    @Override
    public final boolean trySend(Object value)
    {
        final boolean afterEnd = sendEnded;
        final Encoder encoder = Encoder.acquire();
        try
        {
            return tryTransmit(encode(encoder, value), afterEnd);
        }
        finally
        {
            encoder.release();
        }
    }

    private boolean tryTransmit(Payload payload, boolean afterEnd)
    {
        try
        {
            final MessageChannel channel = channel();
            if (channel != null && payload.length() > channel.maxTrySendBytes())
            {
                throw Errors.badArgument("A message of " + payload.length() + " bytes is larger than the ring to " + name() +
                    " can ever hold at once (" + channel.maxTrySendBytes() + " bytes): use send, which sends it in parts, or a larger ring-bytes.");
            }
            return done(channel == null ? Sent.ENDED : channel.trySend(payload), afterEnd);
        }
        catch (final ChannelCorruptException e)
        {
            throw corruptError(e);
        }
    }

    private boolean done(Sent sent, boolean afterEnd)
    {
        if (sent == Sent.ENDED)
        {
            throw sendError(afterEnd);
        }
        return sent == Sent.SENT;
    }

    /**
     * Has send-end been called?
     *
     * @return true: what is sent from now on is refused.
     */
    final boolean isSendEnded()
    {
        return sendEnded;
    }

    /**
     * Why nothing can be sent.
     *
     * @param afterEnd whether the send came after send-end. One that was under way then takes its turn before the end: when the
     *                 peer is gone, that is why it was not sent.
     * @return a new error.
     */
    final ParallelException sendError(boolean afterEnd)
    {
        final MessageChannel channel = channel();
        final boolean gone = channel != null && channel.isRetired();
        return sendEnded && (afterEnd || !gone) ? Errors.closed(who(), "The stream to " + name() + " was ended by send-end.") : endError();
    }

    static Payload encode(Encoder encoder, Object value)
    {
        try
        {
            return encoder.encode(value);
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            throw Errors.notTransferable(e);
        }
    }

    @Override
    public final Object receive() throws InterruptedException
    {
        return decode(next(DIRECT, FOREVER));
    }

    @Override
    public final Object receive(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException
    {
        final Assembly message = next(DIRECT, deadline(timeout, unit));
        if (message == null)
        {
            throw timeout("receive from", timeout, unit, unit.toMillis(timeout) >= PATIENT_MS);
        }
        return decode(message);
    }

    /**
     * As receive with a time-out.
     *
     * @param timeoutMs in milliseconds.
     * @param none      what to return if none came in time.
     * @return the message or {@code none}.
     * @throws InterruptedException if interrupted while blocked.
     */
    public final Object receive(long timeoutMs, Object none) throws InterruptedException
    {
        final Assembly message = next(DIRECT, deadline(timeoutMs, TimeUnit.MILLISECONDS));
        return message == null ? none : decode(message);
    }

    /**
     * As receive, for loops.
     *
     * @param end what to return at the normal end of the stream.
     * @return the message or {@code end}.
     * @throws InterruptedException if interrupted while blocked.
     * @throws ParallelException    the error of a peer that failed.
     */
    public final Object receiveOrEnd(Object end) throws InterruptedException
    {
        final Assembly message = take(open(), DIRECT, FOREVER);
        if (message != null)
        {
            return decode(message);
        }
        final ParallelException failure = failure();
        if (failure != null)
        {
            throw failure;
        }
        return end;
    }

    @Override
    public final Object tryReceive(Object none)
    {
        open();
        final Assembly message = poll(DIRECT);
        if (message == null && isOver())
        {
            throw overError();
        }
        return message == null ? none : decode(message);
    }

    @Override
    public final int receiveInto(Object array) throws InterruptedException
    {
        if (array == null || !array.getClass().isArray() || !array.getClass().getComponentType().isPrimitive())
        {
            throw Errors.badArgument("receive-into! takes a primitive array, not " +
                (array == null ? "nil" : "a " + array.getClass().getTypeName()) + ".");
        }
        final int count = take(Target.into(array));
        if (count < 0)
        {
            throw Errors.badArgument("The next message from " + name() + " is not a " + array.getClass().getTypeName() + " of at most " +
                java.lang.reflect.Array.getLength(array) + " elements; it stays the next message: take it with receive, or into an array that fits.");
        }
        return count;
    }

    @Override
    public final int receiveBytes(ByteBuffer target) throws InterruptedException
    {
        checkReachable("receiveBytes", target);
        if (target.isReadOnly())
        {
            throw Errors.badArgument("receiveBytes takes a buffer that can be written, not a read-only one.");
        }
        try
        {
            final int count = take(Target.into(target));
            if (count < 0)
            {
                throw Errors.badArgument("The next message from " + name() + " is not of bytes, or of more than the " + target.remaining() +
                    " that remain in the buffer; it stays the next message: take it with receive, or into a buffer that fits.");
            }
            target.position(target.position() + count);
            return count;
        }
        finally
        {
            Reference.reachabilityFence(target);
        }
    }

    /* The number of elements; -1: refused. */
    private int take(Target target) throws InterruptedException
    {
        try
        {
            final Assembly message = next(target, FOREVER);
            return message == MessageChannel.REFUSED ? -1 : target.take(message);
        }
        finally
        {
            target.clear();
        }
    }

    private Assembly next(Reader reader, long deadline) throws InterruptedException
    {
        final MessageChannel channel = open();
        final Assembly message = take(channel, reader, deadline);
        if (message == null && channel.isEnded())
        {
            throw endError();
        }
        return message;
    }

    private Assembly take(MessageChannel channel, Reader reader, long deadline) throws InterruptedException
    {
        try
        {
            if (corrupt == null)
            {
                return channel.receive(reader, deadline);
            }
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            throw Errors.unreadable(who(), name(), e);
        }
        catch (final ChannelCorruptException e)
        {
            corrupt = e;
        }
        awaitEndOfCorrupt();
        throw corruptError(corrupt);
    }

    /**
     * The next message if there is one. Never blocks.
     *
     * @param reader says where it goes.
     * @return null: none now, or {@link #isOver()}.
     */
    final Assembly poll(Reader reader)
    {
        try
        {
            return corrupt != null ? null : channel().tryReceive(reader);
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            throw Errors.unreadable(who(), name(), e);
        }
        catch (final ChannelCorruptException e)
        {
            corrupt = e;
            return null;
        }
    }

    /**
     * Will nothing more be received? Of a peer that has a channel.
     *
     * @return true: {@link #overError()} says why.
     */
    final boolean isOver()
    {
        return corrupt == null ? channel().isEnded() : isSettled();
    }

    /**
     * Why nothing more will be received.
     *
     * @return a new error.
     */
    final ParallelException overError()
    {
        return corrupt == null ? endError() : corruptError(corrupt);
    }

    /**
     * The error of a peer that failed, or of its channel.
     *
     * @return a new error; null of a peer that lives or has ended normally.
     */
    final ParallelException overFailure()
    {
        return corrupt == null ? failure() : corruptError(corrupt);
    }

    /**
     * The error of a group's call in which this peer's channel was found corrupt.
     *
     * @param e what was found.
     * @return a new error, that of its end.
     * @throws InterruptedException if interrupted while it is ended.
     */
    final ParallelException foundCorrupt(ChannelCorruptException e) throws InterruptedException
    {
        corrupt = e;
        awaitEndOfCorrupt();
        return corruptError(e);
    }

    private ParallelException corruptError(ChannelCorruptException e)
    {
        final ParallelException failure = failure();
        return failure != null ? failure : Errors.corrupt(who(), e);
    }

    private MessageChannel open()
    {
        final MessageChannel channel = channel();
        if (channel == null)
        {
            throw endError();
        }
        return channel;
    }

    final Object decode(Assembly message)
    {
        try
        {
            return ((Message)message).decode();
        }
        catch (final parallel.codec.NotTransferableException e)
        {
            throw Errors.unreadable(who(), name(), e);
        }
    }

    @Override
    public final void sendEnd()
    {
        sendEnded = true;
        if (channel() != null)
        {
            channel().sendEnd();
        }
    }

    @Override
    public final Object replacement()
    {
        final Language language = Language.find();
        return language == null ? Map.of("worker/id", id) : language.reference(id);
    }

    static long deadline(long timeout, TimeUnit unit)
    {
        final long nanos = Math.max(0, unit.toNanos(timeout));
        final long now = System.nanoTime();
        return now + nanos < now ? FOREVER : now + nanos;
    }

    final Map<String, Object> facts(long pid)
    {
        final Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("worker/id", id);
        facts.put("worker/pid", pid);
        return facts;
    }
}
