package parallel.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * Reads one value after the other. Trusts nothing: no count sizes an allocation beyond the bytes that are left, nesting
 * is bounded, and no class is initialised by its name.
 * <p>
 * One thread at a time. The methods are for {@link CodecModule}s.
 */
public final class Decoder extends Input
{
    private static final Object[] NONE = {};

    private ClassLoader loader;
    private int depth;
    private Object[] references = NONE;
    private int referenceCount;

    Decoder()
    {
    }

    /** The one value of an opened message; anything that goes wrong is the failure of that message. */
    Object readAll(ClassLoader classLoader, boolean body)
    {
        loader = classLoader;
        try
        {
            return readOne(body);
        }
        catch (StackOverflowError e)
        {
            return readDeep(body);
        }
        catch (Exception | LinkageError e)
        {
            throw Failures.unreadable(null, "The message cannot be read: ", e);
        }
        finally
        {
            loader = null;
            forget();
            close();
        }
    }

    private Object readOne(boolean body)
    {
        depth = 0;
        Object value = body ? LambdaCodec.read(this) : value();
        if (remaining() > 0)
        {
            throw malformed("its end: " + remaining() + " bytes too many");
        }
        return value;
    }

    private Object readDeep(boolean body)
    {
        Object[] value = new Object[1];
        reopen();
        forget();
        try
        {
            DeepStack.run(() -> value[0] = readOne(body));
        }
        catch (Exception | StackOverflowError | LinkageError e)
        {
            throw Failures.unreadable(null, "The message cannot be read: ", e);
        }
        return value[0];
    }

    private void forget()
    {
        if (referenceCount > 0)
        {
            references = NONE;
            referenceCount = 0;
        }
    }

    /** The next byte, which stays next. */
    int peek()
    {
        need(1);
        return buf[pos] & 0xFF;
    }

    ClassLoader loader()
    {
        return loader;
    }

    /**
     * Reads a value.
     *
     * @return it, or null.
     * @throws UnserializableException if the bytes make no sense.
     */
    public Object value()
    {
        need(1);
        int tag = buf[pos++] & 0xFF;
        if (tag >= Tags.SMALL_LONG_FIRST)
        {
            return (long)(tag - Tags.SMALL_LONG_ZERO);
        }
        if (tag < Tags.MODULE_FIRST)
        {
            return tag == Tags.STRING8 ? Strings.readNarrow(this) :
                tag >= Tags.LONG8 && tag <= Tags.LONG64 ? (Long)longBehind(tag) : behind(tag);
        }
        CodecModule module = Modules.module();
        if (module == null)
        {
            throw UnserializableException.unreadable(null,
                "The message has a Clojure value, and Clojure is not on the class path of this process.", null);
        }
        return module.read(this, tag);
    }

    private long longBehind(int tag)
    {
        if (tag == Tags.LONG8)
        {
            return (byte)u8();
        }
        return tag == Tags.LONG16 ? i16() : tag == Tags.LONG32 ? i32() : i64();
    }

    private Object behind(int tag)
    {
        switch (tag)
        {
            case Tags.NIL:
                return null;
            case Tags.TRUE:
                return Boolean.TRUE;
            case Tags.FALSE:
                return Boolean.FALSE;
            case Tags.INT8:
                return (int)(byte)u8();
            case Tags.INT32:
                return i32();
            case Tags.DOUBLE:
                return Double.longBitsToDouble(i64());
            case Tags.CHAR:
                return (char)i16();
            case Tags.STRING16:
                return Strings.readWide(this);
            case Tags.OBJECTS:
                return ObjectArrays.read(this, Object.class);
            case Tags.LIST:
                return JdkCollections.readInto(this, new ArrayList<>());
            case Tags.SET:
                return JdkCollections.readInto(this, new LinkedHashSet<>());
            case Tags.MAP:
                return JdkCollections.readInto(this, new LinkedHashMap<>());
            case Tags.RECORD:
                return RecordWriter.read(this);
            case Tags.TYPED:
                return ObjectArrays.readTyped(this);
            case Tags.SORTED_SET:
                return JdkCollections.readInto(this, new TreeSet<>());
            case Tags.SORTED_MAP:
                return JdkCollections.readInto(this, new TreeMap<>());
            case Tags.ENTRY:
                return JdkCollections.readEntry(this);
            case Tags.EXTENSION:
                return Wrapped.readExtension(this);
            default:
                return leaf(tag);
        }
    }

    private Object leaf(int tag)
    {
        switch (tag)
        {
            case Tags.SHORT:
                return i16();
            case Tags.BYTE:
                return (byte)u8();
            case Tags.FLOAT:
                return Float.intBitsToFloat(i32());
            case Tags.BIG_INTEGER:
                return bigInteger();
            case Tags.BIG_DECIMAL:
                return bigDecimal();
            case Tags.UUID:
                return uuid();
            case Tags.DATE:
                return new Date(i64());
            case Tags.INSTANT:
                return instant();
            case Tags.DURATION:
                return duration();
            case Tags.URI:
                return uri();
            case Tags.PATTERN:
                return Patterns.read(this);
            case Tags.TEXT:
                return Texts.read(this);
            case Tags.COLLECTION:
                return CollectionKind.at(this).read(this);
            case Tags.BIT_SET:
                return BitSet.valueOf(counted());
            case Tags.ENUM:
                return EnumWriter.read(this);
            default:
                Primitive kind = Primitive.ofTag(tag);
                if (kind == null)
                {
                    throw malformed("the unknown tag " + tag);
                }
                return PrimitiveArrays.read(this, kind);
        }
    }

    private BigDecimal bigDecimal()
    {
        int scale = i32();
        return new BigDecimal(bigInteger(), scale);
    }

    private UUID uuid()
    {
        long high = i64();
        return new UUID(high, i64());
    }

    private Instant instant()
    {
        long seconds = i64();
        return Instant.ofEpochSecond(seconds, i32());
    }

    private Duration duration()
    {
        long seconds = i64();
        return Duration.ofSeconds(seconds, i32());
    }

    private URI uri()
    {
        try
        {
            return new URI(string());
        }
        catch (URISyntaxException e)
        {
            throw Failures.unreadable(URI.class.getName(), "The message has a URI that does not parse: ", e);
        }
    }

    /**
     * Reads what {@link Encoder#counted(byte[])} wrote of a BigInteger.
     *
     * @return the number.
     */
    public BigInteger bigInteger()
    {
        return new BigInteger(counted());
    }

    /**
     * Reads a count and that many bytes.
     *
     * @return a new array.
     */
    public byte[] counted()
    {
        byte[] bytes = new byte[(int)checked(count())];
        raw(bytes, Primitive.BYTES_BASE, bytes.length);
        return bytes;
    }

    /**
     * Reads a byte.
     *
     * @return 0 to 255.
     */
    public int u8()
    {
        need(1);
        return buf[pos++] & 0xFF;
    }

    /**
     * Reads two bytes.
     *
     * @return any.
     */
    public short i16()
    {
        need(2);
        pos += 2;
        return (short)PieceBuffer.SHORTS.get(buf, pos - 2);
    }

    /**
     * Reads four bytes.
     *
     * @return any.
     */
    public int i32()
    {
        need(4);
        pos += 4;
        return (int)PieceBuffer.INTS.get(buf, pos - 4);
    }

    /**
     * Reads eight bytes.
     *
     * @return any.
     */
    public long i64()
    {
        need(8);
        pos += 8;
        return (long)PieceBuffer.LONGS.get(buf, pos - 8);
    }

    /**
     * Reads a count.
     *
     * @return not negative; not yet checked against the bytes left.
     */
    public int count()
    {
        int first = u8();
        if (first < 0x80)
        {
            return first;
        }
        long n = first & 0x7F;
        int shift = 7;
        int next;
        do
        {
            next = u8();
            n |= (long)(next & 0x7F) << shift;
            shift += 7;
        }
        while (next >= 0x80 && shift <= 28);
        if (next >= 0x80 || n > Integer.MAX_VALUE)
        {
            throw malformed("a count");
        }
        return (int)n;
    }

    /**
     * Reads the count of elements, each of which takes a byte or more.
     *
     * @return a count that the bytes left can hold.
     */
    public int elements()
    {
        return (int)checked(count());
    }

    /**
     * Reads a string.
     *
     * @return not null.
     * @throws UnserializableException if something else is next.
     */
    public String string()
    {
        int tag = u8();
        if (tag == Tags.STRING8)
        {
            return Strings.readNarrow(this);
        }
        if (tag == Tags.STRING16)
        {
            return Strings.readWide(this);
        }
        throw malformed("a string with the tag " + tag);
    }

    /**
     * What goes wrong while a part is read, as the failure of this message. Called by each collection that it passes on
     * its way out.
     *
     * @param e    of the codec or of user code; nothing that the JVM itself failed of is to be given here.
     * @param step the key, index or field that leads to the part; as {@link UnserializableException#at(Object)}.
     * @return the exception to throw.
     */
    public UnserializableException failed(Throwable e, Object step)
    {
        return Failures.unreadable(null, "The message cannot be read: ", e).at(step);
    }

    /**
     * As {@link #failed(Throwable, Object)}, of a pair.
     *
     * @param e       as there.
     * @param key     of the map; null as long as that is being read.
     * @param atValue whether the key has been read.
     * @return the exception to throw.
     */
    public UnserializableException failed(Throwable e, Object key, boolean atValue)
    {
        return failed(e, atValue ? key : "a key");
    }

    /**
     * Looks whether an open-ended sequence goes on; skips its end.
     *
     * @return true if a value is next.
     */
    public boolean hasMore()
    {
        if (peek() != Tags.END)
        {
            return true;
        }
        pos++;
        return false;
    }

    /**
     * Called before the elements of anything that has elements.
     *
     * @throws UnserializableException if that is one level too many.
     */
    public void enter()
    {
        if (++depth > Tags.MAX_DEPTH)
        {
            throw UnserializableException.tooDeep(null, Tags.MAX_DEPTH);
        }
    }

    /** Called behind the last element. */
    public void leave()
    {
        depth--;
    }

    /**
     * Reads a reference.
     *
     * @return what was defined before; null if the definition follows, to be given to {@link #define(Object)}.
     */
    public Object reference()
    {
        int number = count();
        if (number > referenceCount)
        {
            throw malformed("the reference " + number);
        }
        return number == 0 ? null : references[number - 1];
    }

    /**
     * Keeps a definition for the references to it.
     *
     * @param thing not null.
     */
    public void define(Object thing)
    {
        if (referenceCount == references.length)
        {
            references = Arrays.copyOf(references, Math.max(8, 2 * referenceCount));
        }
        references[referenceCount++] = thing;
    }
}
