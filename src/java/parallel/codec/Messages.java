package parallel.codec;

import java.nio.ByteOrder;

import org.agrona.DirectBuffer;
import parallel.transport.Agrona;
import parallel.transport.Assembly;
import parallel.transport.Reader;

/** Chooses where an arriving message goes. All readers here are safe from any thread and run no user code. */
public final class Messages
{
    private static final int REUSED_BYTES = 64 * 1024;
    private static final int LONG16_BYTES = 3;
    private static final int LONG32_BYTES = 5;
    /** No message is longer: refused when it begins, what announces itself so does not fill the heap first. */
    private static final long HEAP_BYTES = Runtime.getRuntime().maxMemory();
    private static final Reader OWNING = new Owning();
    private static final Reader DIRECT = new Direct();

    static
    {
        Agrona.open();
    }

    private Messages()
    {
    }

    /**
     * For messages that are kept for a while. Each owns its memory. A primitive array is allocated when its message
     * begins, if there is memory for it; anything else is gathered in chunks, so that memory follows what has arrived.
     *
     * @return a reader whose assemblies are {@link Message}s.
     */
    public static Reader inbox()
    {
        return OWNING;
    }

    /**
     * For a thread that waits for the message. A small message may lie in a buffer of this thread's, which is free for
     * the next one as soon as the message was decoded.
     *
     * @return a reader whose assemblies are {@link Message}s; always the same one.
     */
    public static Reader direct()
    {
        return DIRECT;
    }

    /**
     * For a thread that waits for a primitive array; {@link Target} is one that is used again.
     *
     * @param primitiveArray takes the elements; it is in use until the message is whole or abandoned.
     * @return a reader that refuses (null) all but an array of that type and at most that length. Its assemblies are
     *         {@link Message}s and {@link parallel.transport.Abandonable}.
     */
    public static Reader into(Object primitiveArray)
    {
        return new Target(false).array(primitiveArray);
    }

    /** An array made for a message; null if there is no memory for it now. */
    private static Message array(ArrayHeader header, long length)
    {
        try
        {
            return new ArrayMessage(header, length, header.kind().newArray(header.count()));
        }
        catch (OutOfMemoryError e)
        {
            return null;
        }
    }

    private static final class Owning implements Reader
    {
        @Override
        public Assembly begin(long length, DirectBuffer first, int index, int available)
        {
            if (length > HEAP_BYTES)
            {
                throw BytesMessage.tooLarge(length, null);
            }
            ArrayHeader header = ArrayHeader.parse(length, first, index, available);
            Message array = header == null ? null : array(header, length);
            return array == null ? new BytesMessage(length) : array;
        }
    }

    /** Only a message that is there as a whole lies in the thread's buffer: one that begins may outlive the call. */
    private static final class Direct implements Reader
    {
        private final ThreadLocal<BytesMessage> reused =
            ThreadLocal.withInitial(() -> new BytesMessage(new byte[1024]));
        @Override
        public Assembly whole(DirectBuffer memory, int index, int length)
        {
            Message array = SmallArray.read(memory, index, length);
            if (array != null)
            {
                return array;
            }
            if (length == LONG16_BYTES || length == LONG32_BYTES)
            {
                int tag = memory.getByte(index);
                if (tag == Tags.LONG16 && length == LONG16_BYTES)
                {
                    return number(memory.getShort(index + 1, ByteOrder.LITTLE_ENDIAN), length);
                }
                if (tag == Tags.LONG32 && length == LONG32_BYTES)
                {
                    return number(memory.getInt(index + 1, ByteOrder.LITTLE_ENDIAN), length);
                }
            }
            if (length > REUSED_BYTES || ArrayHeader.isArray(memory, index, length))
            {
                return OWNING.whole(memory, index, length);
            }
            BytesMessage message = reused();
            message.reuse(length);
            message.append(memory, index, length);
            return message;
        }

        private Message number(long value, int length)
        {
            BytesMessage message = reused();
            message.reuse(value, length);
            return message;
        }

        private BytesMessage reused()
        {
            BytesMessage message = reused.get();
            if (message.isInUse())
            {
                message = new BytesMessage(new byte[1024]);
                reused.set(message);
            }
            return message;
        }

        @Override
        public Assembly begin(long length, DirectBuffer first, int index, int available)
        {
            return OWNING.begin(length, first, index, available);
        }
    }
}
