package parallel.transport;

import static org.agrona.concurrent.ringbuffer.RecordDescriptor.ALIGNMENT;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.HEADER_LENGTH;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.lengthOffset;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.typeOffset;

import org.agrona.BitUtil;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * The consumer of a {@link OneToOneRingBuffer}, one record at a time: look at it, take it or leave it. Agrona's own
 * read believes the lengths it finds; this one checks each before it is used, as the other process may be broken.
 * Guarded by the receive lock.
 * <p>
 * Where several small messages lie in a row they are copied out together: the head moves, and the sender's flag is
 * looked at, once for all of them.
 */
final class RingReader
{
    /** What is copied out at once, at most; a message that is longer is read where it lies. */
    private static final int AHEAD_BYTES = 4096;
    private static final int SMALL = 256;

    private final OneToOneRingBuffer ring;
    private final AtomicBuffer ringBuffer;
    private final int capacity;
    private final int headOffset;
    private long head;

    private final UnsafeBuffer ahead = new UnsafeBuffer(new byte[AHEAD_BYTES + SMALL]);
    private int aheadAt;
    private int aheadEnd;
    /**
     * The last look found a record. If it found none, this one's successor is hardly there yet, and to look for it
     * would take the line away from the sender while it writes.
     */
    private boolean backlog;

    /** The record that was seen last: copied out, or in the ring. */
    private boolean isAhead;
    private int recordIndex;
    private int recordLength;
    private int recordType;

    RingReader(OneToOneRingBuffer ring)
    {
        this.ring = ring;
        this.ringBuffer = ring.buffer();
        this.capacity = ring.capacity();
        this.headOffset = capacity + RingBufferDescriptor.HEAD_POSITION_OFFSET;
        this.head = ring.consumerPosition();
    }

    // Is there a record? Then type, buffer, index and length are its. May move the head. Throws IllegalStateException
    // when there is something else, from where no next record can be found.
    boolean peek()
    {
        if (aheadAt < aheadEnd)
        {
            int copied = ahead.getInt(lengthOffset(aheadAt));
            checkFrame(aheadAt, copied, aheadEnd);
            show(true, aheadAt, copied, PairLayout.WHOLE);
            return true;
        }
        int index = (int)head & (capacity - 1);
        // Pairs with the release store of the length in commit.
        int length = ringBuffer.getIntVolatile(lengthOffset(index));
        while (length > 0)
        {
            checkFrame(index, length, capacity);
            int type = ringBuffer.getInt(typeOffset(index));
            if (backlog && type == PairLayout.WHOLE && length <= SMALL && readAhead(index, length))
            {
                return peek();
            }
            backlog = true;
            if (type != RingBuffer.PADDING_MSG_TYPE_ID)
            {
                show(false, index, length, type);
                return true;
            }
            moveHead(BitUtil.align(length, ALIGNMENT));
            index = (int)head & (capacity - 1);
            length = ringBuffer.getIntVolatile(lengthOffset(index));
        }
        backlog = false;
        return false;
    }

    // A quick look, for spinning: is there anything at the head?
    boolean isEmpty()
    {
        return aheadAt == aheadEnd && ringBuffer.getIntVolatile(lengthOffset((int)head & (capacity - 1))) <= 0;
    }

    private void show(boolean wasCopied, int index, int length, int type)
    {
        isAhead = wasCopied;
        recordIndex = index;
        recordLength = length;
        recordType = type;
    }

    private static void checkFrame(int index, int length, int end)
    {
        if (length < HEADER_LENGTH || length > end - index)
        {
            throw new IllegalStateException("a record at " + index + " with a length of " + length);
        }
    }

    // Copies out this small message and those right after it. False: it is alone.
    private boolean readAhead(int index, int length)
    {
        int limit = Math.min(capacity, index + AHEAD_BYTES);
        int second = index + BitUtil.align(length, ALIGNMENT);
        int end = second;
        for (int next = length; end < limit && next > 0; end += BitUtil.align(next, ALIGNMENT))
        {
            next = smallAt(end);
        }
        if (end == second)
        {
            return false;
        }
        // All of it first: the head is given back with the same step.
        ringBuffer.getBytes(index, ahead, 0, end - index);
        moveHead(end - index);
        aheadAt = 0;
        aheadEnd = end - index;
        return true;
    }

    // The length of the record there if it is a small message, else 0.
    private int smallAt(int index)
    {
        long header = ringBuffer.getLongVolatile(index);
        int length = PairLayout.recordLength(header);
        return length >= HEADER_LENGTH && length <= Math.min(SMALL, capacity - index) &&
            PairLayout.recordType(header) == PairLayout.WHOLE ? length : 0;
    }

    // Goes on to the next record. True: the sender has more room than before.
    boolean advance()
    {
        int aligned = BitUtil.align(recordLength, ALIGNMENT);
        if (isAhead)
        {
            aheadAt += aligned;
            return false;
        }
        moveHead(aligned);
        return true;
    }

    private void moveHead(int bytes)
    {
        long next = head + bytes;
        // Once a lap: stale bytes that look like records would otherwise be read round and round.
        if (((int)next & (capacity - 1)) < bytes)
        {
            checkSender(next);
        }
        head = next;
        // Pairs with the volatile read of the head in Agrona's claim.
        ringBuffer.putLongRelease(headOffset, next);
    }

    // It is not before what we have read, and no more than a ring ahead of what we had given back.
    private void checkSender(long next)
    {
        long sender = ring.producerPosition();
        if (next > sender || sender - head > capacity)
        {
            throw new IllegalStateException("records up to " + next + ", and the position of the sender is " + sender);
        }
    }

    AtomicBuffer buffer()
    {
        return isAhead ? ahead : ringBuffer;
    }

    int type()
    {
        return recordType;
    }

    int index()
    {
        return recordIndex + HEADER_LENGTH;
    }

    int length()
    {
        return recordLength - HEADER_LENGTH;
    }

    // The head. What was copied out lies before it.
    long position()
    {
        return head;
    }
}
