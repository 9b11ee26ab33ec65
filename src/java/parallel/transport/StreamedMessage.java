package parallel.transport;

import org.agrona.MutableDirectBuffer;

/** A long message that is written into a ring while it arrives from elsewhere, piece by piece. For one thread. */
public final class StreamedMessage
{
    private final Outgoing outgoing;
    private byte[] piece = {};
    private int at;
    private long pieceOffset;

    /**
     * A message of which nothing has arrived.
     *
     * @param length of the whole, in bytes.
     */
    public StreamedMessage(long length)
    {
        this.outgoing = new Outgoing(new Pieces(length), 0);
    }

    private final class Pieces implements Payload
    {
        private final long length;

        private Pieces(long length)
        {
            this.length = length;
        }

        @Override
        public long length()
        {
            return length;
        }

        @Override
        public void copy(long offset, MutableDirectBuffer target, int index, int count)
        {
            target.putBytes(index, piece, at + (int)(offset - pieceOffset), count);
        }
    }

    Outgoing outgoing()
    {
        return outgoing;
    }

    /**
     * More of it has arrived; what had arrived before is in the ring.
     *
     * @param bytes  where it lies, unchanged until it is in the ring.
     * @param from   its first byte.
     * @param length in bytes, of the first piece at least 64 or all, and no more than is missing.
     */
    public void arrived(byte[] bytes, int from, int length)
    {
        boolean enough = outgoing.available > 0 || length >= Math.min(PairLayout.MIN_FIRST, outgoing.length);
        if (outgoing.offset != outgoing.available || length > missingBytes() || !enough)
        {
            throw new IllegalArgumentException(length + " bytes more of a message of which " + missingBytes() +
                " are missing and " + (outgoing.available - outgoing.offset) + " not written");
        }
        piece = bytes;
        at = from;
        pieceOffset = outgoing.available;
        outgoing.available += length;
    }

    /**
     * What has not arrived yet.
     *
     * @return bytes.
     */
    public long missingBytes()
    {
        return outgoing.length - outgoing.available;
    }
}
