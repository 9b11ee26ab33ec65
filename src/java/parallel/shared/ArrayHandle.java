package parallel.shared;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.lang.reflect.Array;
import java.io.IOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import parallel.SharedArray;
import parallel.codec.Destination;
import parallel.control.Errors;

/** A shared array, or a view of one. Its equality is identity. */
public class ArrayHandle extends Elements implements SentByReference
{
    private static final VarHandle INTS = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    /** Each is an object of some hundred bytes. */
    public static final int MOST_PARTS = 1_000_000;

    static final String INSTEAD = "Send a copy of its elements (->array, or toArray in Java).";
    private static final int FILL = 8192;

    private final long[] shape;

    /**
     * What a handle is made of.
     *
     * @param mapping  where its elements are.
     * @param kind     of the elements.
     * @param first    index of its first element in the mapping.
     * @param shape    its dimensions.
     * @param readOnly whether writes are refused.
     */
    record Parts(Mapping mapping, Kind kind, long first, long[] shape, boolean readOnly)
    {
    }

    /** Of which a handle is made, for the subclass of a language. */
    public static final class Seed
    {
        private final Parts parts;

        Seed(Parts parts)
        {
            this.parts = parts;
        }
    }

    /**
     * Made by this room only.
     *
     * @param seed what it is made of.
     */
    protected ArrayHandle(Seed seed)
    {
        this(seed.parts);
    }

    ArrayHandle(Parts parts)
    {
        super(parts.mapping(), parts.kind(), parts.mapping().base + (parts.first() << parts.kind().shift),
            Shapes.length(parts.shape()), parts.readOnly() || parts.mapping().isRefusingWrites());
        this.shape = parts.shape();
    }

    private ArrayHandle view(Mapping of, long from, long[] viewShape, boolean refuses)
    {
        return HandleFactory.make(new Parts(of, kind, first() + from, viewShape, refuses));
    }

    // Index of the first element in the mapping.
    long first()
    {
        return (start - mapping.base) >> kind.shift;
    }

    @Override
    public final Class<?> elementType()
    {
        return kind.arrayType.getComponentType();
    }

    @Override
    public final long length()
    {
        return length;
    }

    @Override
    public final long[] shape()
    {
        return shape.clone();
    }

    @Override
    public final long index(long... indices)
    {
        return Shapes.index(shape, indices);
    }

    @Override
    public final Object get(long i)
    {
        ByteBuffer map = readable(i, kind);
        try
        {
            return kind.get(map, at(i, kind.shift));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void set(long i, Object x)
    {
        ByteBuffer map = writable(i, kind);
        try
        {
            kind.put(map, at(i, kind.shift), x);
        }
        catch (ClassCastException | IllegalArgumentException | NullPointerException e)
        {
            throw Errors.badArgument("An element of the shared array is a " + kind.title() + "; " +
                (x == null ? "null" : x + ", a " + x.getClass().getName() + ",") + " is not one, or does not fit.");
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    // ---- atomics. The handle of a buffer does not keep it reachable, so that it could be unmapped meanwhile: the
    // fences do

    private ByteBuffer atomic(long i, boolean write)
    {
        if (kind != Kind.INT && kind != Kind.LONG)
        {
            mapping.requireOpen();
            throw Errors.badArgument("Atomic operations are for shared arrays of ints and longs; this one has " +
                kind.title() + "s.");
        }
        return write ? writable(i, kind) : readable(i, kind);
    }

    private int checked(long x)
    {
        if (x != (int)x)
        {
            throw Errors.badArgument("An element of the shared array is an int; " + x + " does not fit.");
        }
        return (int)x;
    }

    @Override
    public final long getAndAdd(long i, long x)
    {
        ByteBuffer map = atomic(i, true);
        try
        {
            return kind == Kind.INT ? (int)INTS.getAndAdd(map, at(i, 2), (int)x) :
                (long)LONGS.getAndAdd(map, at(i, 3), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
        finally
        {
            Reference.reachabilityFence(map);
        }
    }

    @Override
    public final boolean compareAndSet(long i, long expected, long x)
    {
        ByteBuffer map = atomic(i, true);
        try
        {
            return kind == Kind.INT ?
                expected == (int)expected && INTS.compareAndSet(map, at(i, 2), (int)expected, checked(x)) :
                LONGS.compareAndSet(map, at(i, 3), expected, x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
        finally
        {
            Reference.reachabilityFence(map);
        }
    }

    @Override
    public final long getVolatile(long i)
    {
        ByteBuffer map = atomic(i, false);
        try
        {
            return kind == Kind.INT ? (int)INTS.getVolatile(map, at(i, 2)) : (long)LONGS.getVolatile(map, at(i, 3));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
        finally
        {
            Reference.reachabilityFence(map);
        }
    }

    @Override
    public final void setVolatile(long i, long x)
    {
        ByteBuffer map = atomic(i, true);
        try
        {
            if (kind == Kind.INT)
            {
                INTS.setVolatile(map, at(i, 2), checked(x));
            }
            else
            {
                LONGS.setVolatile(map, at(i, 3), x);
            }
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
        finally
        {
            Reference.reachabilityFence(map);
        }
    }

    // ---- views

    @Override
    public final SharedArray slice(long from, long to)
    {
        Shapes.checkRange(from, to, length);
        mapping.requireOpen();
        return view(mapping, from, new long[]{ to - from }, readOnly);
    }

    @Override
    public final List<SharedArray> parts(int n)
    {
        if (n < 1 || n > MOST_PARTS)
        {
            throw Errors.badArgument("A shared array has 1 to " + MOST_PARTS + " parts, not " + n + ".");
        }
        List<SharedArray> parts = new ArrayList<>(n);
        long from = 0;
        for (int i = 0; i < n; i++)
        {
            long to = from + length / n + (i < length % n ? 1 : 0);
            parts.add(slice(from, to));
            from = to;
        }
        return parts;
    }

    @Override
    public final SharedArray readOnly()
    {
        mapping.requireOpen();
        return view(mapping, 0, shape, true);
    }

    @Override
    public final SharedArray copyOnWrite()
    {
        return view(mapping.copyOnWrite(), 0, shape, false);
    }

    // ---- many at once

    /** What is done with the part of a range that lies in one map. */
    private interface Piece
    {
        void apply(ByteBuffer map, int at, long from, int n);
    }

    private void eachPiece(long from, long to, Piece piece)
    {
        Shapes.checkRange(from, to, length);
        mapping.requireOpen();
        try
        {
            long i = from;
            while (i < to)
            {
                ByteBuffer map = mapping.map(start + (i << kind.shift));
                int at = at(i, kind.shift);
                int n = (int)Math.min(to - i, (map.capacity() - at) >> kind.shift);
                piece.apply(map, at, i, n);
                i += n;
            }
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    private void requireWritable()
    {
        if (readOnly)
        {
            throw readOnlyError();
        }
    }

    @Override
    public final List<Buffer> buffers()
    {
        List<Buffer> buffers = new ArrayList<>();
        eachPiece(0, length, (map, at, from, n) ->
        {
            ByteBuffer bytes = Slices.of(map, at, n << kind.shift);
            buffers.add(kind.typed(readOnly ? bytes.asReadOnlyBuffer().order(ByteOrder.nativeOrder()) : bytes));
        });
        return buffers;
    }

    @Override
    public final void copyTo(long from, Object array, int at, int n)
    {
        checkArray(array, at, n);
        eachPiece(from, from + n, (map, bytes, i, m) -> kind.copyOut(map, bytes, array, at + (int)(i - from), m));
    }

    @Override
    public final void copyFrom(long to, Object array, int at, int n)
    {
        checkArray(array, at, n);
        requireWritable();
        eachPiece(to, to + n, (map, bytes, i, m) -> kind.copyIn(map, bytes, array, at + (int)(i - to), m));
    }

    // To an array of the same kind and length.
    final void copyAll(ArrayHandle to)
    {
        copyTo(0, to, 0, length);
    }

    /**
     * Copies elements to another shared array of the same type; of one that overlaps, as if by way of a third.
     *
     * @param from  the first element.
     * @param to    the target.
     * @param at    index there.
     * @param n     how many.
     */
    public final void copyTo(long from, ArrayHandle to, long at, long n)
    {
        if (to.kind != kind)
        {
            throw Errors.badArgument("A shared array of " + kind.title() + "s cannot be copied to one of " +
                to.kind.title() + "s: use arrays of one type.");
        }
        Shapes.checkRange(from, from + n, length);
        Shapes.checkRange(at, at + n, to.length);
        int chunk = (int)Math.min(n, FILL);
        Object between = Array.newInstance(elementType(), chunk);
        boolean backwards = to.mapping == mapping && to.start + (at << kind.shift) > start + (from << kind.shift);
        for (long done = 0; done < n; done += chunk)
        {
            int m = (int)Math.min(chunk, n - done);
            long i = backwards ? n - done - m : done;
            copyTo(from + i, between, 0, m);
            to.copyFrom(at + i, between, 0, m);
        }
    }

    private void checkArray(Object array, int at, int n)
    {
        if (!kind.arrayType.isInstance(array))
        {
            throw Errors.badArgument("The shared array is copied from and to a " + kind.arrayType.getTypeName() +
                ", not " +
                (array == null ? "null" : "a " + array.getClass().getTypeName()) + ".");
        }
        Shapes.checkRange(at, (long)at + n, Array.getLength(array));
    }

    @Override
    public final void fill(Object x, long from, long to)
    {
        Shapes.checkRange(from, to, length);
        requireWritable();
        if (from == to)
        {
            return;
        }
        set(from, x);
        int chunk = (int)Math.min(to - from, FILL);
        Object same = Array.newInstance(elementType(), chunk);
        kind.fill(same, get(from));
        eachPiece(from, to, (map, at, i, n) ->
        {
            for (int done = 0; done < n; done += chunk)
            {
                kind.copyIn(map, at + (done << kind.shift), same, 0, Math.min(chunk, n - done));
            }
        });
    }

    // ---- end

    @Override
    public final boolean isClosed()
    {
        return mapping.isClosed();
    }

    @Override
    public final void close()
    {
        mapping.close();
    }

    @Override
    public final String insteadElsewhere()
    {
        return mapping.copiesElsewhere() == null ? INSTEAD : null;
    }

    // Has a reference to it not arrived yet?
    final boolean isOnItsWay()
    {
        try
        {
            return Tickets.outstanding(mapping.shared().file);
        }
        catch (IOException e)
        {
            return true;    // nobody can say
        }
    }

    @Override
    public final Object reference()
    {
        return Destination.ofPieces() == Destination.HERE ? References.of(this) : References.ofCopies(this);
    }

    @Override
    public final String toString()
    {
        return "#parallel/shared{:type :" + kind.title() + " :shape " + Arrays.toString(shape).replace(",", "") +
            (isClosed() ? " :closed true" : mapping.isPrivate() ? " :view :copy-on-write" :
            readOnly ? " :view :read-only" : "") + "}";
    }
}
