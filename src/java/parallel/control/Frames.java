package parallel.control;

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
 * The number is an evaluation's, a request's, a rendezvous' or a count of bytes; of RUN it is the kind of its work, of
 * LINE the stream, of IDENTITY the id. The other kinds have none.
 */
public final class Frames
{
    /** To the worker: evaluate its work; the end of that is the worker's end. */
    public static final byte RUN = 1;
    /** To the worker: evaluate in turn, reply with RESULT. */
    public static final byte EXEC = 2;
    /** To the worker: evaluate at once while other work runs, reply with RESULT. */
    public static final byte EXEC_NOW = 3;
    /** To the worker: the numbered evaluation is not wanted any more. */
    public static final byte CANCEL = 4;
    /** To the worker: interrupt what is evaluated now. */
    public static final byte INTERRUPT = 5;
    /** To the worker: end when what is evaluated now is done. */
    public static final byte STOP = 6;
    /** To the worker: interrupt, and end without a value. */
    public static final byte BREAK = 7;
    /** To the worker: end when all that was given is done. */
    public static final byte FINISH = 8;
    /** To the worker: reply with THREADS_ARE. */
    public static final byte THREADS = 9;
    /** To the worker: so many bytes of lines were delivered. */
    public static final byte CREDIT = 10;
    /** To the worker, before any other: the number is its id. */
    public static final byte IDENTITY = 11;
    /** To the worker: the parent's message to the one that yielded, which goes on; the number is that of YIELD. */
    public static final byte STEP = 12;
    /** To the worker: what it withdrew was not taken. */
    public static final byte WITHDRAWN = 13;
    /** To the worker: begin a recording in the directory of the payload, reply with RESULT. */
    public static final byte RECORD = 14;
    /** To the worker: end the recording whose number the payload has, into the file that it has; reply with RESULT. */
    public static final byte RECORDED = 15;

    /** To the parent: connected, and able to evaluate; the number is the size of its heap. */
    public static final byte READY = 20;
    /** To the parent: the final value. */
    public static final byte VALUE = 21;
    /** To the parent: the final error. */
    public static final byte ERROR = 22;
    /** To the parent: the value of an evaluation. */
    public static final byte RESULT = 23;
    /** To the parent: the error of an evaluation. */
    public static final byte RESULT_ERROR = 24;
    /** To the parent: the text of a thread dump. */
    public static final byte THREADS_ARE = 25;
    /** To the parent: a line of a worker further down. */
    public static final byte LINE = 26;
    /**
     * To the parent: files of a worker that is about to end, which what it has sent refers to: open them, or they are
     * gone.
     */
    public static final byte KEEP = 27;
    /** To the parent: a value; who gives it waits for STEP. */
    public static final byte YIELD = 28;
    /** To the parent: who waited for STEP was interrupted; reply with WITHDRAWN, unless STEP was sent. */
    public static final byte WITHDRAW = 29;

    /** The number of an evaluation that nobody awaits: only its error is told, to the log. The others have 1, 2, ... */
    public static final long UNAWAITED = -1;

    /** Of a kind that has no number. */
    private static final long NO_NUMBER = 0;
    private static final int NUMBER = 1;
    private static final int PAYLOAD = 9;
    private static final byte[] NOTHING = new byte[0];

    private Frames()
    {
    }

    public static ByteBuffer[] frame(byte kind, long number, byte[] payload)
    {
        ByteBuffer head = ByteBuffer.allocate(PAYLOAD).order(ByteOrder.LITTLE_ENDIAN);
        head.put(kind).putLong(number).flip();
        return new ByteBuffer[]{head, ByteBuffer.wrap(payload)};
    }

    public static ByteBuffer[] frame(byte kind, long number)
    {
        return frame(kind, number, NOTHING);
    }

    public static ByteBuffer[] frame(byte kind, byte[] payload)
    {
        return frame(kind, NO_NUMBER, payload);
    }

    public static ByteBuffer[] frame(byte kind)
    {
        return frame(kind, NO_NUMBER, NOTHING);
    }

    public static boolean isAwaited(long evaluation)
    {
        return evaluation > UNAWAITED;
    }

    public static byte kind(ByteBuffer frame)
    {
        return frame.get(frame.position());
    }

    public static long number(ByteBuffer frame)
    {
        return frame.duplicate().order(ByteOrder.LITTLE_ENDIAN).getLong(frame.position() + NUMBER);
    }

    public static byte[] payload(ByteBuffer frame)
    {
        byte[] payload = new byte[frame.remaining() - PAYLOAD];
        frame.get(frame.position() + PAYLOAD, payload);
        return payload;
    }
}
