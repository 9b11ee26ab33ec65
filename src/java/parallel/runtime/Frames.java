package parallel.runtime;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Frames of the control stream. The transport adds the length.
 *
 * <pre>
 *   0        1                 9
 *   +--------+-----------------+------------------------- - -
 *   | kind   | number (LE)     | payload: codec bytes
 *   +--------+-----------------+------------------------- - -
 * </pre>
 *
 * The number is an evaluation's, a request's or a count of bytes.
 */
final class Frames
{
    /** To the worker: evaluate the job of its life; its end is the worker's end. */
    static final byte RUN = 1;
    /** To the worker: evaluate in turn, reply with RESULT. */
    static final byte EXEC = 2;
    /** To the worker: evaluate at once beside what runs, reply with RESULT. */
    static final byte EXEC_NOW = 3;
    /** To the worker: the numbered evaluation is not wanted any more. */
    static final byte CANCEL = 4;
    /** To the worker: interrupt what is evaluated now. */
    static final byte INTERRUPT = 5;
    /** To the worker: end when what is evaluated now is done. */
    static final byte STOP = 6;
    /** To the worker: interrupt, and end without a value. */
    static final byte BREAK = 7;
    /** To the worker: end when all that was given is done. */
    static final byte FINISH = 8;
    /** To the worker: reply with THREADS_ARE. */
    static final byte THREADS = 9;
    /** To the worker: so many bytes of lines were delivered. */
    static final byte CREDIT = 10;
    /** To the worker, before any other: the number is its id. */
    static final byte IDENTITY = 11;

    /** To the parent: connected, and able to evaluate. */
    static final byte READY = 20;
    /** To the parent: the final value. */
    static final byte VALUE = 21;
    /** To the parent: the final error. */
    static final byte ERROR = 22;
    /** To the parent: the value of an evaluation. */
    static final byte RESULT = 23;
    /** To the parent: the error of an evaluation. */
    static final byte RESULT_ERROR = 24;
    /** To the parent: the text of a thread dump. */
    static final byte THREADS_ARE = 25;
    /** To the parent: a line of a worker further down. */
    static final byte LINE = 26;
    /** To the parent: files of a worker that is about to end, which what it has sent refers to: open them, or they are gone. */
    static final byte KEEP = 27;

    private static final int NUMBER = 1;
    private static final int PAYLOAD = 9;
    private static final byte[] NOTHING = new byte[0];

    private Frames()
    {
    }

    static ByteBuffer[] frame(byte kind, long number, byte[] payload)
    {
        final ByteBuffer head = ByteBuffer.allocate(PAYLOAD).order(ByteOrder.LITTLE_ENDIAN);
        head.put(kind).putLong(number).flip();
        return new ByteBuffer[]{head, ByteBuffer.wrap(payload)};
    }

    static ByteBuffer[] frame(byte kind, long number)
    {
        return frame(kind, number, NOTHING);
    }

    static byte kind(ByteBuffer frame)
    {
        return frame.get(frame.position());
    }

    static long number(ByteBuffer frame)
    {
        return frame.duplicate().order(ByteOrder.LITTLE_ENDIAN).getLong(frame.position() + NUMBER);
    }

    static byte[] payload(ByteBuffer frame)
    {
        final byte[] payload = new byte[frame.remaining() - PAYLOAD];
        frame.get(frame.position() + PAYLOAD, payload);
        return payload;
    }
}
