package parallel.relay;

import java.nio.ByteOrder;
import java.util.function.BooleanSupplier;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

import parallel.transport.Assembly;
import parallel.transport.MessageChannel;
import parallel.transport.Reader;

/**
 * One direction of a relay: messages out of a ring, into frames, as long as the stream takes them. A message passes
 * through in parts; no more of it is held than one frame and one record. For one thread.
 */
final class FromRing
{
    /** Then the other relays of the loop have theirs. */
    private static final int RECORDS_PER_TURN = 1024;

    private final MessageChannel channel;
    /** The stream has ended, and drops frames: what is taken now would be lost to a sender who believes it sent. */
    private final BooleanSupplier isInVain;
    private final FrameWriter frames = new FrameWriter();
    private final Parts parts = new Parts();
    private final UnsafeBuffer length = new UnsafeBuffer(new byte[Long.BYTES]);
    private boolean ended;
    private boolean over;

    FromRing(MessageChannel channel, BooleanSupplier isInVain)
    {
        this.channel = channel;
        this.isInVain = isInVain;
    }

    /** Reader of the messages, and where the parts of each go. */
    private final class Parts implements Reader, Assembly
    {
        @Override
        public Assembly begin(long announced, DirectBuffer first, int index, int available)
        {
            length.putLong(0, announced, ByteOrder.LITTLE_ENDIAN);
            frames.piece(FrameWriter.FIRST, length, 0, Long.BYTES);
            return this;
        }

        @Override
        public Assembly whole(DirectBuffer memory, int index, int bytes)
        {
            frames.piece(FrameWriter.WHOLE, memory, index, bytes);
            return this;
        }

        @Override
        public boolean aside(long number)
        {
            length.putLong(0, number, ByteOrder.LITTLE_ENDIAN);
            frames.piece(FrameWriter.BULK, length, 0, Long.BYTES);
            return true;
        }

        @Override
        public void append(DirectBuffer source, int index, int bytes)
        {
            frames.more(source, index, bytes);
        }
    }

    /**
     * Moves what can be moved now.
     *
     * @param stream      takes the frames.
     * @param writerIsGone nothing is written into the ring any more.
     * @return whether anything moved.
     */
    boolean pump(Stream stream, boolean writerIsGone)
    {
        boolean moved = flush(stream);
        boolean empty = false;
        for (int n = 0; n < RECORDS_PER_TURN && frames.closed().isEmpty() && !empty && !over &&
            !isInVain.getAsBoolean(); n++)
        {
            empty = !channel.tryReceivePart(parts);
            moved |= !empty;
            moved |= flush(stream);
        }
        if (empty)
        {
            end(writerIsGone);
            frames.close();
            moved |= flush(stream);
        }
        return moved;
    }

    private void end(boolean writerIsGone)
    {
        if (!ended && channel.isEnded())
        {
            ended = true;
            frames.piece(FrameWriter.END, length, 0, 0);
        }
        if (writerIsGone)
        {
            over = true;
            frames.piece(FrameWriter.DEAD, length, 0, 0);
        }
    }

    /** All was said, and the stream has taken it. */
    boolean isOver()
    {
        return over && frames.closed().isEmpty();
    }

    private boolean flush(Stream stream)
    {
        boolean moved = false;
        while (!frames.closed().isEmpty() && stream.offer(frames.closed().peek()))
        {
            frames.closed().remove();
            moved = true;
        }
        return moved;
    }
}
