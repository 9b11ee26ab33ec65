package parallel.transport;

import static org.agrona.concurrent.ringbuffer.RecordDescriptor.ALIGNMENT;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.HEADER_LENGTH;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.lengthOffset;
import static org.agrona.concurrent.ringbuffer.RecordDescriptor.typeOffset;

import org.agrona.BitUtil;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * The consumer of a {@link OneToOneRingBuffer}, one record at a time: look at it, take it or leave it. Agrona's own
 * read believes the lengths it finds; this one checks each before it is used, as the other process may be broken.
 * Guarded by the receive lock.
 */
final class RingReader
{
    private final OneToOneRingBuffer ring;
    private final AtomicBuffer buffer;
    private final int capacity;
    private final int headOffset;
    private long head;
    private int recordIndex;
    private int recordLength;
    private int recordType;

    RingReader(OneToOneRingBuffer ring)
    {
        this.ring = ring;
        this.buffer = ring.buffer();
        this.capacity = ring.capacity();
        this.headOffset = capacity + RingBufferDescriptor.HEAD_POSITION_OFFSET;
        this.head = ring.consumerPosition();
    }

    /*
     * Is there a record? Then type, index and length are its. Throws IllegalStateException when there is something
     * else, from where no next record can be found.
     */
    boolean peek()
    {
        int index = (int)head & (capacity - 1);
        // Pairs with the release store of the length in commit.
        int length = buffer.getIntVolatile(lengthOffset(index));
        while (length > 0)
        {
            checkFrame(index, length);
            final int type = buffer.getInt(typeOffset(index));
            if (type != RingBuffer.PADDING_MSG_TYPE_ID)
            {
                recordIndex = index;
                recordLength = length;
                recordType = type;
                return true;
            }
            skipPadding(length);
            index = (int)head & (capacity - 1);
            length = buffer.getIntVolatile(lengthOffset(index));
        }
        return false;
    }

    private void checkFrame(int index, int length)
    {
        if (length < HEADER_LENGTH || length > capacity - index)
        {
            throw new IllegalStateException("a record at " + index + " with a length of " + length);
        }
    }

    private void skipPadding(int length)
    {
        recordLength = length;
        advance();
    }

    /* Gives the space of the record back to the sender. */
    void advance()
    {
        final int aligned = BitUtil.align(recordLength, ALIGNMENT);
        final long next = head + aligned;
        // Once a lap: stale bytes that look like records would otherwise be read round and round.
        if (((int)next & (capacity - 1)) < aligned && next > ring.producerPosition())
        {
            throw new IllegalStateException("records beyond the position of the sender");
        }
        head = next;
        // Pairs with the volatile read of the head in Agrona's claim.
        buffer.putLongRelease(headOffset, next);
    }

    AtomicBuffer buffer()
    {
        return buffer;
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

    long position()
    {
        return head;
    }
}
