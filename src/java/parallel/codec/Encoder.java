package parallel.codec;

import java.nio.ByteBuffer;
import java.util.Arrays;

import parallel.transport.Payload;

/**
 * Writes one value after the other into a buffer that is used again and again. Arrays of 1 KiB and more are not copied:
 * they must not be changed while the payload is in use.
 *
 * <pre>{@code
 * Encoder encoder = Encoder.acquire();
 * try { channel.send(encoder.encode(value), deadline); } finally { encoder.release(); }
 * }</pre>
 * One thread at a time. The methods below {@link #encode} are for {@link TypeWriter}s.
 */
public final class Encoder extends PieceBuffer
{
    private static final ThreadLocal<Encoder> LOCAL = ThreadLocal.withInitial(Encoder::new);

    private boolean inUse;
    private Destination destination = Destination.HERE;
    private int depth;
    private Object[] references = new Object[8];
    private int referenceCount;

    /** A place in what was written, to go back to. */
    public static final class Place extends Mark
    {
        private int depth;
        private int referenceCount;

        private Place()
        {
        }
    }

    private Encoder()
    {
    }

    /**
     * This thread's encoder, or a new one if that is in use (a value is being realised that itself sends), for bytes
     * that stay on this machine.
     *
     * @return an encoder to be released.
     */
    public static Encoder acquire()
    {
        return acquire(Destination.HERE);
    }

    /**
     * As {@link #acquire()}, for bytes that go somewhere.
     *
     * @param destination of all that is encoded until it is released.
     * @return an encoder to be released.
     */
    public static Encoder acquire(Destination destination)
    {
        Encoder local = LOCAL.get();
        Encoder free = local.inUse ? new Encoder() : local;
        free.inUse = true;
        free.destination = destination;
        return free;
    }

    /** Ends the use of the payload and lets go of all but 64 KiB of buffer. */
    public void release()
    {
        if (referenceCount > 0 || holdsMore())
        {
            begin();
        }
        inUse = false;
    }

    /**
     * Encodes a value. Lazy sequences are realised here; what user code throws while that goes on comes out unchanged.
     *
     * @param value any transferable value, or null.
     * @return its bytes, valid until the next {@code encode} or {@link #release()}.
     * @throws UnserializableException if it cannot be sent; nothing is left of it.
     */
    public Payload encode(Object value)
    {
        return encode(value, false);
    }

    /**
     * Encodes the remaining bytes of a buffer as a byte array.
     *
     * @param buffer one that is {@link Target#isReachable(ByteBuffer)}; position and limit stay, and it must not be
     *               changed, nor its
     *               memory freed, while the payload is in use.
     * @return its bytes, valid until the next {@code encode} or {@link #release()}.
     */
    public Payload encodeBytes(ByteBuffer buffer)
    {
        begin();
        PrimitiveArrays.write(this, Primitive.BYTE, buffer.remaining(), Buffers.memory(buffer),
            Buffers.address(buffer));
        finish();
        return this;
    }

    /** As {@link #encode(Object)}, of a message or of a worker's body. */
    Payload encode(Object value, boolean body)
    {
        try
        {
            begin();
            write(value, body);
        }
        catch (StackOverflowError e)
        {
            begin();
            DeepStack.run(() -> write(value, body));
        }
        finish();
        return this;
    }

    private void write(Object value, boolean body)
    {
        if (body)
        {
            LambdaCodec.write(this, value);
        }
        else
        {
            value(value);
        }
    }

    private void begin()
    {
        clear();
        depth = 0;
        forgetReferences(0);
    }

    // ---- for writers

    /**
     * Where the bytes go.
     *
     * @return the destination, for writers of what lies on one machine.
     */
    public Destination destination()
    {
        return destination;
    }

    /**
     * Writes a value of any class.
     *
     * @param value or null.
     */
    public void value(Object value)
    {
        if (value == null)
        {
            tag(Tags.NIL);
            return;
        }
        Class<?> type = value.getClass();
        if (type == Long.class)
        {
            longValue((Long)value);
        }
        else if (type == String.class)
        {
            string((String)value);
        }
        else
        {
            Writers.of(type).write(this, value);
        }
    }

    /**
     * Writes a tag.
     *
     * @param tag 0 to 255.
     */
    public void tag(int tag)
    {
        reserve(1);
        buf[pos++] = (byte)tag;
    }

    /**
     * Writes a byte.
     *
     * @param b its lowest eight bits are used.
     */
    public void i8(int b)
    {
        reserve(1);
        buf[pos++] = (byte)b;
    }

    /**
     * Writes two bytes.
     *
     * @param i its lowest sixteen bits are used.
     */
    public void i16(int i)
    {
        reserve(2);
        SHORTS.set(buf, pos, (short)i);
        pos += 2;
    }

    /**
     * Writes four bytes.
     *
     * @param i any.
     */
    public void i32(int i)
    {
        reserve(4);
        INTS.set(buf, pos, i);
        pos += 4;
    }

    /**
     * Writes eight bytes.
     *
     * @param l any.
     */
    public void i64(long l)
    {
        reserve(8);
        LONGS.set(buf, pos, l);
        pos += 8;
    }

    /**
     * Writes a count, as a varint.
     *
     * @param n not negative.
     */
    public void count(int n)
    {
        reserve(5);
        int rest = n;
        while (rest > 0x7F)
        {
            buf[pos++] = (byte)(rest | 0x80);
            rest >>>= 7;
        }
        buf[pos++] = (byte)rest;
    }

    /**
     * Writes a tag and a count.
     *
     * @param tag 0 to 255.
     * @param n   not negative.
     */
    public void tag(int tag, int n)
    {
        tag(tag);
        count(n);
    }

    /**
     * Writes bytes as they are.
     *
     * @param bytes  not changed while the payload is in use.
     * @param length from the first on.
     */
    public void raw(byte[] bytes, int length)
    {
        if (Primitive.isPadded(length))
        {
            piece(bytes, Primitive.BYTES_BASE, length);
        }
        else
        {
            reserve(length);
            System.arraycopy(bytes, 0, buf, pos, length);
            pos += length;
        }
    }

    void memory(Object array, long address, int bytes)
    {
        reserve(bytes);
        SmallCopy.memory(array, address, buf, Primitive.BYTES_BASE + pos, bytes);
        pos += bytes;
    }

    /**
     * Writes up to eight bytes at once.
     *
     * @param word   the bytes, the first one lowest.
     * @param length how many of them count.
     */
    public void word(long word, int length)
    {
        reserve(8);
        LONGS.set(buf, pos, word);
        pos += length;
    }

    /**
     * Writes a count and that many bytes.
     *
     * @param bytes not changed while the payload is in use.
     */
    public void counted(byte[] bytes)
    {
        count(bytes.length);
        raw(bytes, bytes.length);
    }

    /**
     * Writes a string as a value.
     *
     * @param s not null.
     */
    public void string(String s)
    {
        Strings.write(this, s);
    }

    /**
     * Writes a long as a value.
     *
     * @param l any.
     */
    public void longValue(long l)
    {
        reserve(9);
        if (l == (byte)l)
        {
            if (l >= Tags.SMALL_LONG_MIN && l <= Tags.SMALL_LONG_MAX)
            {
                buf[pos++] = (byte)(Tags.SMALL_LONG_ZERO + l);
                return;
            }
            buf[pos++] = Tags.LONG8;
            buf[pos++] = (byte)l;
        }
        else if (l == (int)l)
        {
            if (l == (short)l)
            {
                buf[pos++] = Tags.LONG16;
                SHORTS.set(buf, pos, (short)l);
                pos += 2;
            }
            else
            {
                buf[pos++] = Tags.LONG32;
                INTS.set(buf, pos, (int)l);
                pos += 4;
            }
        }
        else
        {
            buf[pos++] = Tags.LONG64;
            LONGS.set(buf, pos, l);
            pos += 8;
        }
    }

    /**
     * Called before the elements of anything that has elements.
     *
     * @param collection for the error's sake.
     * @throws UnserializableException if that is one level too many.
     */
    public void enter(Object collection)
    {
        if (++depth > Tags.MAX_DEPTH)
        {
            throw UnserializableException.tooDeep(collection.getClass(), Tags.MAX_DEPTH);
        }
    }

    /** Called behind the last element. */
    public void leave()
    {
        depth--;
    }

    /**
     * Writes a reference to something that is defined once in a message.
     *
     * @param thing a class or a description of one; compared by identity.
     * @return true if that was all; false if the caller must write the definition now.
     */
    public boolean reference(Object thing)
    {
        for (int i = referenceCount - 1; i >= 0; i--)
        {
            if (references[i] == thing)
            {
                count(i + 1);
                return true;
            }
        }
        if (referenceCount == references.length)
        {
            references = Arrays.copyOf(references, 2 * referenceCount);
        }
        references[referenceCount++] = thing;
        count(0);
        return false;
    }

    /**
     * Marks a place to go back to.
     *
     * @return the place after the last byte written.
     */
    public Place place()
    {
        Place place = new Place();
        mark(place);
        place.depth = depth;
        place.referenceCount = referenceCount;
        return place;
    }

    /**
     * Goes back: all that was written since is forgotten.
     *
     * @param place made since the last {@link #encode}.
     */
    public void backTo(Place place)
    {
        rollback(place);
        depth = place.depth;
        forgetReferences(place.referenceCount);
    }

    private void forgetReferences(int kept)
    {
        if (kept < referenceCount)
        {
            Arrays.fill(references, kept, referenceCount, null);
            referenceCount = kept;
            references = kept == 0 && references.length > 64 ? new Object[8] : references;
        }
    }
}
