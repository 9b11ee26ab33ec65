package parallel.runtime;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;
import parallel.Peer;
import parallel.codec.Destination;
import parallel.codec.Encoder;
import parallel.codec.Message;
import parallel.codec.Messages;
import parallel.codec.Replaced;
import parallel.codec.ShortMessages;
import parallel.codec.Target;
import parallel.codec.UnserializableException;
import parallel.control.Errors;
import parallel.control.Language;
import parallel.transport.Assembly;
import parallel.transport.ChannelCorruptException;
import parallel.transport.MessageChannel;
import parallel.transport.MessageChannel.Sent;
import parallel.transport.Payload;
import parallel.transport.Reader;

/**
 * A peer over a message channel: values to bytes and back, and what becomes of them. {@link PeerErrors} makes the
 * errors, {@link BufferMessages} is the part for ByteBuffers.
 */
public abstract class ChannelPeer implements Peer, Replaced
{
    public static final long FOREVER = Long.MAX_VALUE;
    /** Who waits for a message for less than this polls, and need not hear where the peer's threads are. */
    private static final long PATIENT_MS = 1000;
    private static final Reader DIRECT = Messages.direct();

    /** The peer's id. */
    private final int id;
    private final PeerErrors errors = new PeerErrors(this);
    private final BufferMessages buffers = new BufferMessages(this);
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
     * Where what is sent to the peer goes.
     *
     * @return the destination; never changes once the peer has a channel.
     */
    public Destination destination()
    {
        return Destination.HERE;
    }

    /**
     * What takes long messages to the peer's machine once for several of its workers.
     *
     * @return empty of a peer on this machine.
     */
    Optional<Carrier> carrier()
    {
        return Optional.empty();
    }

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

    final PeerErrors errors()
    {
        return errors;
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
        return errors.timedOut(doing, timeoutMs, true);
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
        boolean afterEnd = sendEnded;
        long brief = ShortMessages.of(value);
        if (brief != 0 && sendBriefly(brief, value))
        {
            return true;
        }
        Encoder encoder = Encoder.acquire(destination());
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
        return value instanceof byte[] array ? sendBriefly(brief, array, ShortMessages.BYTES_BASE, array.length) :
            sendBriefly(brief, null, 0, 0);
    }

    // False: the longer way says why it is not sent, or waits for room.
    boolean sendBriefly(long brief, Object memory, long address, int bytes)
    {
        MessageChannel channel = channel();
        return channel != null &&
            channel.sendBriefly(ShortMessages.head(brief), ShortMessages.headBytes(brief), memory, address,
            bytes) == Sent.SENT;
    }

    boolean transmit(Payload payload, long deadline, boolean afterEnd) throws InterruptedException
    {
        try
        {
            MessageChannel channel = channel();
            return done(channel == null ? Sent.ENDED : channel.send(payload, deadline), afterEnd);
        }
        catch (ChannelCorruptException e)
        {
            awaitEndOfCorrupt();
            throw errors.corrupt(e);
        }
    }

    @Override
    public final void sendBytes(ByteBuffer source) throws InterruptedException
    {
        buffers.send(source);
    }

    @Override
    public final boolean trySendBytes(ByteBuffer source)
    {
        return buffers.trySend(source);
    }

    @Override
    public final boolean trySend(Object value)
    {
        boolean afterEnd = sendEnded;
        Encoder encoder = Encoder.acquire(destination());
        try
        {
            return tryTransmit(encode(encoder, value), afterEnd);
        }
        finally
        {
            encoder.release();
        }
    }

    boolean tryTransmit(Payload payload, boolean afterEnd)
    {
        try
        {
            MessageChannel channel = channel();
            if (channel != null && payload.length() > channel.maxTrySendBytes())
            {
                throw errors.tooLarge(payload.length(), channel.maxTrySendBytes());
            }
            return done(channel == null ? Sent.ENDED : channel.trySend(payload), afterEnd);
        }
        catch (ChannelCorruptException e)
        {
            throw errors.corrupt(e);
        }
    }

    private boolean done(Sent sent, boolean afterEnd)
    {
        if (sent == Sent.ENDED)
        {
            throw errors.unsent(afterEnd);
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

    static Payload encode(Encoder encoder, Object value)
    {
        try
        {
            return encoder.encode(value);
        }
        catch (UnserializableException e)
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
        Assembly message = next(DIRECT, deadline(timeout, unit));
        if (message == null)
        {
            throw errors.timeout("receive from", timeout, unit, unit.toMillis(timeout) >= PATIENT_MS);
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
        Assembly message = next(DIRECT, deadline(timeoutMs, TimeUnit.MILLISECONDS));
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
        Assembly message = take(open(), DIRECT, FOREVER);
        if (message != null)
        {
            return decode(message);
        }
        ParallelException failure = failure();
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
        Assembly message = poll(DIRECT);
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
        int count = take(Target.into(array));
        if (count < 0)
        {
            throw errors.refused("a " + array.getClass().getTypeName() + " of at most " + Array.getLength(array) +
                " elements", "an array");
        }
        return count;
    }

    @Override
    public final int receiveBytes(ByteBuffer target) throws InterruptedException
    {
        return buffers.receive(target);
    }

    // The number of elements; -1: refused.
    int take(Target target) throws InterruptedException
    {
        try
        {
            Assembly message = next(target, FOREVER);
            return message == MessageChannel.REFUSED ? -1 : target.take(message);
        }
        finally
        {
            target.clear();
        }
    }

    private Assembly next(Reader reader, long deadline) throws InterruptedException
    {
        MessageChannel channel = open();
        Assembly message = take(channel, reader, deadline);
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
        catch (UnserializableException | OutOfMemoryError e)
        {
            throw errors.unreadable(e);
        }
        catch (ChannelCorruptException e)
        {
            corrupt = e;
        }
        awaitEndOfCorrupt();
        throw errors.corrupt(corrupt);
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
        catch (UnserializableException | OutOfMemoryError e)
        {
            throw errors.unreadable(e);
        }
        catch (ChannelCorruptException e)
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
        return corrupt == null ? endError() : errors.corrupt(corrupt);
    }

    /**
     * The error of a peer that failed, or of its channel.
     *
     * @return a new error; null of a peer that lives or has ended normally.
     */
    final ParallelException overFailure()
    {
        return corrupt == null ? failure() : errors.corrupt(corrupt);
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
        return errors.corrupt(e);
    }

    private MessageChannel open()
    {
        MessageChannel channel = channel();
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
        catch (UnserializableException | OutOfMemoryError e)
        {
            throw errors.unreadable(e);
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
        Language language = Language.find();
        return language == null ? Map.of("worker/id", id) : language.reference(id);
    }

    public static long deadline(long timeout, TimeUnit unit)
    {
        long nanos = Math.max(0, unit.toNanos(timeout));
        long now = System.nanoTime();
        return now + nanos < now ? FOREVER : now + nanos;
    }

    final Map<String, Object> facts(long pid)
    {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("worker/id", id);
        facts.put("worker/pid", pid);
        return facts;
    }
}
