package parallel.relay;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;

import org.agrona.DirectBuffer;

/**
 * Packs pieces into frames.
 * <pre>
 *   frame = piece*, FRAME_BYTES at most
 *   piece = kind u8, length (7 bits per byte, the lowest first), bytes
 *
 *   WHOLE  a message
 *   FIRST  length of a message, 8 bytes, little-endian; its bytes follow as MORE. Drops an unfinished one
 *   MORE   the next bytes of it
 *   END    this direction was ended by who writes into it
 *   DEAD   who wrote into this direction is gone, and this was all
 *   BULK   the number of a message, 8 bytes, little-endian, which has arrived on a stream of its own. Its place is here
 * </pre>
 */
final class FrameWriter
{
    static final byte WHOLE = 1;
    static final byte FIRST = 2;
    static final byte MORE = 3;
    static final byte END = 4;
    static final byte DEAD = 5;
    static final byte BULK = 6;

    /** Kind and length take no more. */
    static final int HEAD_BYTES = 4;
    /** A piece that is cut is cut to no less. */
    private static final int SMALLEST_CUT = 1024;

    private final Queue<byte[]> closed = new ArrayDeque<>();
    private byte[] frame = new byte[Streams.FRAME_BYTES];
    private int at;

    /** Of at most half a frame. */
    void piece(byte kind, DirectBuffer source, int index, int length)
    {
        if (HEAD_BYTES + length > frame.length - at)
        {
            close();
        }
        put(kind, source, index, length);
    }

    /** May become several. */
    void more(DirectBuffer source, int index, int length)
    {
        int from = index;
        int left = length;
        while (left > 0)
        {
            int room = frame.length - at - HEAD_BYTES;
            if (room < Math.min(left, SMALLEST_CUT))
            {
                close();
                room = frame.length - HEAD_BYTES;
            }
            int now = Math.min(left, room);
            put(MORE, source, from, now);
            from += now;
            left -= now;
        }
    }

    private void put(byte kind, DirectBuffer source, int index, int length)
    {
        frame[at++] = kind;
        int rest = length;
        while (rest >= 0x80)
        {
            frame[at++] = (byte)(rest | 0x80);
            rest >>>= 7;
        }
        frame[at++] = (byte)rest;
        if (length > 0)
        {
            source.getBytes(index, frame, at, length);
            at += length;
        }
    }

    /** What has been put is a frame now. */
    void close()
    {
        if (at > 0)
        {
            closed.add(at == frame.length ? frame : Arrays.copyOf(frame, at));
            frame = at == frame.length ? new byte[Streams.FRAME_BYTES] : frame;
            at = 0;
        }
    }

    /** The frames that nobody has taken. */
    Queue<byte[]> closed()
    {
        return closed;
    }
}
