package parallel.transport;

import static org.agrona.concurrent.ringbuffer.RecordDescriptor.ALIGNMENT;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.HEADER_LENGTH;

import java.nio.ByteOrder;

import org.agrona.BitUtil;
import org.agrona.UnsafeApi;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/** The producer of a ring: messages to records. Never waits: no room is an answer. Guarded by the send lock. */
final class RingWriter
{
    /** A fragment before the wrap is cut to what is left there, unless that is less than this. */
    private static final int SMALLEST_CUT = 256;
    /** Of trySend: two records more than calculated, and what is left empty before the wrap. */
    private static final int SLACK = 2 * (SMALLEST_CUT + 4 * HEADER_LENGTH);

    /** Up to here a message takes the short way. */
    static final int SMALL = 256;
    private static final int NO_PLACE = -1;

    private final OneToOneRingBuffer ring;
    private final MessageChannel channel;
    private final AtomicBuffer buffer;
    private final int capacity;
    private final int fragment;
    private final int tailOffset;
    /** The position up to which there was room when the head was last looked at. */
    private long limit;

    RingWriter(OneToOneRingBuffer ring, MessageChannel channel)
    {
        this.channel = channel;
        this.ring = ring;
        this.buffer = ring.buffer();
        this.capacity = ring.capacity();
        this.fragment = PairLayout.fragmentBytes(capacity);
        this.tailOffset = capacity + RingBufferDescriptor.TAIL_POSITION_OFFSET;
    }

    // The longest message that is one record.
    int maxWhole()
    {
        return fragment - HEADER_LENGTH;
    }

    long position()
    {
        return ring.producerPosition();
    }

    // A message of at most maxWhole bytes; false: no room.
    boolean writeWhole(Payload payload, int length)
    {
        int claimed = length <= SMALL ? place(length) : NO_PLACE;
        if (claimed != NO_PLACE)
        {
            payload.copy(0, buffer, claimed + HEADER_LENGTH, length);
            publish(claimed, length);
            return true;
        }
        int index = claim(PairLayout.WHOLE, length);
        if (index < 0)
        {
            return false;
        }
        fill(payload, 0, index, length, index);
        return true;
    }

    // A message of a head of up to 8 bytes, the first one lowest, and memory behind it, 256 bytes together. False: no
    // room, or the ring wraps here.
    boolean writeBrief(long head, int headBytes, Object memory, long address, int bytes)
    {
        int length = headBytes + bytes;
        int index = place(Math.max(length, Long.BYTES));
        if (index == NO_PLACE)
        {
            return false;
        }
        int body = index + HEADER_LENGTH;
        buffer.putLong(body, head, ByteOrder.LITTLE_ENDIAN);
        if (bytes > 0)
        {
            buffer.boundsCheck(body, length);
            UnsafeApi.copyMemory(memory, address, buffer.byteArray(), buffer.addressOffset() + body + headBytes, bytes);
        }
        publish(index, length);
        return true;
    }

    // Where the next record begins, if one of a body so long fits there; nothing is claimed. What Agrona's claim and
    // commit do is done here in fewer stores: the line that is written is one that the reader looks at all the time,
    // and takes away from us between two stores that are far apart.
    private int place(int length)
    {
        long tail = buffer.getLong(tailOffset);
        // A tail that somebody else has written is not to lead to a word across two lines.
        int index = (int)tail & (capacity - ALIGNMENT);
        int bytes = BitUtil.align(length + HEADER_LENGTH, ALIGNMENT) + HEADER_LENGTH;
        return index + bytes <= capacity && isFree(tail, bytes) ? index : NO_PLACE;
    }

    // Makes what was written behind the place a record.
    private void publish(int index, int length)
    {
        int next = index + BitUtil.align(length + HEADER_LENGTH, ALIGNMENT);
        buffer.putLong(next, 0);
        buffer.putLongRelease(tailOffset, buffer.getLong(tailOffset) + (next - index));
        // Pairs with the volatile read of the length in RingReader.
        buffer.putLongRelease(index, PairLayout.recordHeader(length + HEADER_LENGTH, PairLayout.WHOLE));
    }

    private boolean isFree(long tail, int bytes)
    {
        if (tail + bytes - limit <= 0)
        {
            return true;
        }
        // Pairs with the release of the head in RingReader.
        limit = ring.consumerPosition() + capacity;
        return tail + bytes - limit <= 0;
    }

    private int claim(int type, int length)
    {
        try
        {
            return ring.tryClaim(type, length);
        }
        catch (RuntimeException e)
        {
            throw overwritten(e);
        }
    }

    // Agrona checks what it finds where we alone write: then it was not we who wrote there last.
    private ChannelCorruptException overwritten(RuntimeException e)
    {
        ChannelCorruptException corrupt = channel.corrupt("the sender's own place was overwritten: " + e.getMessage());
        corrupt.initCause(e);
        return corrupt;
    }

    // The next fragment of a longer one; false: no room, or the rest of it is not there yet.
    boolean writeFragment(Outgoing message)
    {
        boolean first = message.offset == 0;
        int extra = first ? PairLayout.ANNOUNCEMENT : 0;
        int length = (int)Math.min(message.available - message.offset, roomBeforeWrap(extra) - extra);
        if (length == 0)
        {
            return false;
        }
        boolean last = message.offset + length == message.length;
        int index = claim(first ? PairLayout.FIRST : last ? PairLayout.LAST : PairLayout.MIDDLE, length + extra);
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

    // The place of a message that goes another way; false: no room.
    boolean writeAside(long number)
    {
        int index = claim(PairLayout.ASIDE, Long.BYTES);
        if (index < 0)
        {
            return false;
        }
        buffer.putLong(index, number);
        end(index, true);
        return true;
    }

    private int roomBeforeWrap(int extra)
    {
        int left = capacity - ((int)ring.producerPosition() & (capacity - 1)) - HEADER_LENGTH;
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
        catch (RuntimeException e)
        {
            throw overwritten(e);
        }
    }

    // Would the message certainly fit at once?
    boolean hasRoom(long length)
    {
        return recordBytes(length) <= capacity - ring.size();
    }

    private long recordBytes(long length)
    {
        int body = maxWhole() - PairLayout.ANNOUNCEMENT;
        long records = (length + body - 1) / body;
        return BitUtil.align(length, (long)ALIGNMENT) + records * (HEADER_LENGTH + ALIGNMENT) + SLACK;
    }

    // The longest message for which hasRoom holds on an empty ring.
    long maxAtOnce()
    {
        int body = maxWhole() - PairLayout.ANNOUNCEMENT;
        long records = (capacity + body - 1) / body;
        return capacity - records * (HEADER_LENGTH + ALIGNMENT) - SLACK - ALIGNMENT;
    }
}
