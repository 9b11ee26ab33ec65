package parallel.transport;

import static org.agrona.concurrent.ringbuffer.RecordDescriptor.ALIGNMENT;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.HEADER_LENGTH;

import org.agrona.BitUtil;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;

/** The producer of a ring: messages to records. Never waits: no room is an answer. Guarded by the send lock. */
final class RingWriter
{
    /** A fragment before the wrap is cut to what is left there, unless that is less than this. */
    private static final int SMALLEST_CUT = 256;
    /** Of trySend: two records more than calculated, and what is left empty before the wrap. */
    private static final int SLACK = 2 * (SMALLEST_CUT + 4 * HEADER_LENGTH);

    /**
     * A small message is put together here first, so that its line of the ring is written in one go: the reader looks at
     * that line all the time, and takes it away from us between two stores that are far apart.
     */
    private static final int SMALL = 256;
    /** Up to here payloads copy by words, which is one go. */
    private static final int WORDS = 80;

    private final UnsafeBuffer small = new UnsafeBuffer(new byte[SMALL]);
    private final OneToOneRingBuffer ring;
    private final MessageChannel channel;
    private final AtomicBuffer buffer;
    private final int capacity;
    private final int fragment;

    RingWriter(OneToOneRingBuffer ring, MessageChannel channel)
    {
        this.channel = channel;
        this.ring = ring;
        this.buffer = ring.buffer();
        this.capacity = ring.capacity();
        this.fragment = PairLayout.fragmentBytes(capacity);
    }

    /* The longest message that is one record. */
    int maxWhole()
    {
        return fragment - HEADER_LENGTH;
    }

    long position()
    {
        return ring.producerPosition();
    }

    /* A message of at most maxWhole bytes; false: no room. */
    boolean writeWhole(Payload payload, int length)
    {
        if (length > WORDS && length <= SMALL)
        {
            payload.copy(0, small, 0, length);
            return writeSmall(length);
        }
        final int index = claim(PairLayout.WHOLE, length);
        if (index < 0)
        {
            return false;
        }
        fill(payload, 0, index, length, index);
        return true;
    }

    private boolean writeSmall(int length)
    {
        try
        {
            return ring.write(PairLayout.WHOLE, small, 0, length);
        }
        catch (final RuntimeException e)
        {
            throw overwritten(e);
        }
    }

    private int claim(int type, int length)
    {
        try
        {
            return ring.tryClaim(type, length);
        }
        catch (final RuntimeException e)
        {
            throw overwritten(e);
        }
    }

    /* Agrona checks what it finds where we alone write: then it was not we who wrote there last. */
    private ChannelCorruptException overwritten(RuntimeException e)
    {
        final ChannelCorruptException corrupt = channel.corrupt("the sender's own place was overwritten: " + e.getMessage());
        corrupt.initCause(e);
        return corrupt;
    }

    /* The next fragment of a longer one; false: no room. */
    boolean writeFragment(Outgoing message)
    {
        final boolean first = message.offset == 0;
        final int extra = first ? PairLayout.ANNOUNCEMENT : 0;
        final long left = message.length - message.offset;
        final int length = (int)Math.min(left, roomBeforeWrap(extra) - extra);
        final int index = claim(first ? PairLayout.FIRST : length == left ? PairLayout.LAST : PairLayout.MIDDLE,
            length + extra);
        if (index < 0)
        {
            return false;
        }
        if (first)
        {
            buffer.putLong(index, message.length);
        }
        fill(message.payload, message.offset, index + extra, length, index);
        message.offset += length;
        return true;
    }

    private int roomBeforeWrap(int extra)
    {
        final int left = capacity - ((int)ring.producerPosition() & (capacity - 1)) - HEADER_LENGTH;
        return left >= SMALLEST_CUT + extra ? Math.min(left, maxWhole()) : maxWhole();
    }

    private void fill(Payload payload, long offset, int index, int length, int claim)
    {
        boolean filled = false;
        try
        {
            payload.copy(offset, buffer, index, length);
            filled = true;
        }
        finally
        {
            end(claim, filled);
        }
    }

    private void end(int claim, boolean filled)
    {
        try
        {
            if (filled)
            {
                ring.commit(claim);
            }
            else
            {
                ring.abort(claim);
            }
        }
        catch (final RuntimeException e)
        {
            throw overwritten(e);
        }
    }

    /* Would the message certainly fit at once? */
    boolean hasRoom(long length)
    {
        return recordBytes(length) <= capacity - ring.size();
    }

    private long recordBytes(long length)
    {
        final int body = maxWhole() - PairLayout.ANNOUNCEMENT;
        final long records = (length + body - 1) / body;
        return BitUtil.align(length, (long)ALIGNMENT) + records * (HEADER_LENGTH + ALIGNMENT) + SLACK;
    }

    /* The longest message for which hasRoom holds on an empty ring. */
    long maxAtOnce()
    {
        final int body = maxWhole() - PairLayout.ANNOUNCEMENT;
        final long records = (capacity + body - 1) / body;
        return capacity - records * (HEADER_LENGTH + ALIGNMENT) - SLACK - ALIGNMENT;
    }
}
