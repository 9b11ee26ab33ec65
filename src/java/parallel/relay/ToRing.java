package parallel.relay;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.LongFunction;

import org.agrona.MutableDirectBuffer;

import parallel.transport.MessageChannel;
import parallel.transport.MessageChannel.Sent;
import parallel.transport.Payload;
import parallel.transport.StreamedMessage;

/**
 * The other direction of a relay: pieces of frames into a ring, as far as that has room. Believes nothing that it
 * reads. For one thread.
 */
final class ToRing
{
    private static final int CHUNKS_PER_TURN = Streams.WINDOW;

    private final MessageChannel channel;
    private final LongFunction<ArrivingBulk.Copy> bulks;
    private final Slice slice = new Slice();
    private byte[] frame;
    private int at;
    private StreamedMessage message;
    /** The piece of it that has been handed over is not in the ring yet. */
    private boolean pending;
    private boolean over;
    /** Nobody reads the ring any more: messages are passed over. */
    private boolean unread;
    /** Of the message, if it came on a stream of its own. */
    private ArrivingBulk.Copy bulk;
    private byte[] chunk;
    private boolean isOthersTurn;

    /** @param bulks those that came on streams of their own. */
    ToRing(MessageChannel channel, LongFunction<ArrivingBulk.Copy> bulks)
    {
        this.channel = channel;
        this.bulks = bulks;
    }

    /** A whole message where it lies in a frame. */
    private static final class Slice implements Payload
    {
        private byte[] bytes;
        private int from;
        private int length;

        @Override
        public long length()
        {
            return length;
        }

        @Override
        public void copy(long offset, MutableDirectBuffer target, int index, int count)
        {
            target.putBytes(index, bytes, from + (int)offset, count);
        }
    }

    boolean isBusy()
    {
        return frame != null;
    }

    /** The next frame, when the last one is in the ring. */
    void take(byte[] next)
    {
        frame = next;
        at = 0;
    }

    /**
     * Moves what has room, within bounds: see {@link #isOthersTurn}.
     *
     * @return true: all of the frame is in the ring.
     * @throws IllegalStateException when it holds what is no piece.
     */
    boolean pump()
    {
        isOthersTurn = false;
        int chunks = 0;
        while (pending || bulk != null || at < frame.length)
        {
            boolean reads = !pending && bulk != null;
            if (reads && chunks++ == CHUNKS_PER_TURN)
            {
                isOthersTurn = true;
                return false;
            }
            if (!(pending ? isWritten() : reads ? isRead() : next()))
            {
                return false;
            }
        }
        frame = null;
        return true;
    }

    /** There may be room for more of it, after the other relays of the loop have moved. */
    boolean isOthersTurn()
    {
        return isOthersTurn;
    }

    /** False: no room, the piece is tried again. */
    private boolean next()
    {
        byte kind = frame[at];
        int head = at + 1;
        int length = 0;
        int shift = 0;
        byte digit;
        do
        {
            check(head < frame.length && shift <= 14, "a piece without its length");
            digit = frame[head++];
            length |= (digit & 0x7f) << shift;
            shift += 7;
        }
        while (digit < 0);
        check(length <= frame.length - head, "a piece of " + length + " bytes");
        if (kind == FrameWriter.WHOLE && !isSent(head, length))
        {
            return false;
        }
        at = head + length;
        switch (kind)
        {
            case FrameWriter.WHOLE -> { }
            case FrameWriter.FIRST -> begin(head, length);
            case FrameWriter.MORE -> goOn(head, length);
            case FrameWriter.END -> channel.sendEnd();
            case FrameWriter.DEAD -> die();
            case FrameWriter.BULK -> beginBulk(head, length);
            default -> check(false, "a piece of the kind " + kind);
        }
        return true;
    }

    private boolean isSent(int from, int length)
    {
        check(length <= channel.maxWholeBytes(), "a message of " + length + " bytes in one piece");
        drop();
        slice.bytes = frame;
        slice.from = from;
        slice.length = length;
        return !isRefused(channel.trySend(slice));
    }

    private void begin(int from, int length)
    {
        long announced = length == Long.BYTES ?
            ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).getLong(from) : 0;
        check(announced > channel.maxWholeBytes(), "a message of " + announced + " bytes in parts");
        drop();
        message = new StreamedMessage(announced);
    }

    private void goOn(int from, int length)
    {
        check(message != null && length > 0 && length <= message.missingBytes(), "a part of " + length + " bytes");
        if (!unread)
        {
            message.arrived(frame, from, length);
            pending = true;
        }
    }

    private void beginBulk(int from, int length)
    {
        check(length == Long.BYTES, "the number of a message in " + length + " bytes");
        long number = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).getLong(from);
        ArrivingBulk.Copy copy = bulks.apply(number);
        check(copy != null && copy.length() > channel.maxWholeBytes(), "the number of no message, " + number);
        drop();
        message = new StreamedMessage(copy.length());
        bulk = copy;
        chunk = new byte[Streams.FRAME_BYTES];
    }

    /** The next part of one that lies in a file. */
    private boolean isRead()
    {
        if (unread)
        {
            message = null;
            endBulk();
            return true;
        }
        message.arrived(chunk, 0, bulk.read(bulk.length() - message.missingBytes(), chunk));
        pending = true;
        return true;
    }

    private void endBulk()
    {
        if (bulk != null)
        {
            bulk.taken();
            bulk = null;
            chunk = null;
        }
    }

    private boolean isWritten()
    {
        if (isRefused(channel.sendPartly(message)))
        {
            return false;
        }
        pending = false;
        if (message.missingBytes() == 0)
        {
            message = null;
            endBulk();
        }
        return true;
    }

    private boolean isRefused(Sent sent)
    {
        unread |= sent == Sent.ENDED;
        return sent == Sent.NO_ROOM;
    }

    private void die()
    {
        drop();
        over = true;
    }

    /** Of a message that has begun the rest will not come. */
    void drop()
    {
        if (message != null)
        {
            channel.withdraw(message);
            message = null;
            pending = false;
            bulk = null;
        }
    }

    /** Who wrote into this direction is gone, and all of it is in the ring. */
    boolean isOver()
    {
        return over;
    }

    private static void check(boolean holds, String what)
    {
        if (!holds)
        {
            throw new IllegalStateException("A frame holds " + what + ".");
        }
    }
}
