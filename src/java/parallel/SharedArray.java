package parallel;

import java.nio.Buffer;
import java.nio.file.Path;
import java.util.List;

import parallel.shared.SharedArrays;

/**
 * An array of primitive elements in memory that all processes of the session map. It is sent as a reference of less
 * than 200 bytes, and the receiver sees the same elements. One process maps it once, however often it arrives, and it
 * arrives as the same object as long as that is in use. Zeros at first; larger than 2 GiB works.
 * <p>
 * Safe from any thread, in the sense of an array: plain reads and writes are not ordered between threads or processes
 * by themselves. {@link #getAndAdd}, {@link #compareAndSet}, messages, {@link SharedLock}, {@link SharedBarrier} and
 * {@link SharedLatch} order them. No method waits for another thread.
 * <p>
 * Every method throws {@link ParallelException}: with CLOSED after {@link #close()}, with BAD_ARGUMENT for an index
 * outside of the array, a method of another element type, and a write to a read-only view.
 *
 * <pre>{@code
 * SharedArray xs = SharedArray.create(double.class, 1_000_000);
 * worker.send(xs);                                // the worker writes into the same memory
 * double first = xs.getDouble(0);
 * xs.getInt(0);                                   // throws ParallelException, BAD_ARGUMENT: the elements are doubles
 * }</pre>
 */
public interface SharedArray extends AutoCloseable
{
    /** How an array on disk is opened. */
    enum Mode
    {
        /** Made, or emptied, with zeros for its elements. */
        CREATE,
        /** Must be there; writes are refused. */
        READ,
        /** Must be there. */
        READ_WRITE
    }

    /**
     * A new array of zeros.
     *
     * @param elementType one of the eight primitive types.
     * @param shape       its length, or the lengths of its dimensions; row-major.
     * @return the array.
     * @throws ParallelException with BAD_ARGUMENT if it does not fit into the budget, with the sizes.
     */
    static SharedArray create(Class<?> elementType, long... shape)
    {
        return SharedArrays.create(elementType, shape);
    }

    /**
     * A new array with the elements of another.
     *
     * @param array a primitive array, or a shared one.
     * @return the array.
     */
    static SharedArray of(Object array)
    {
        return SharedArrays.of(array);
    }

    /**
     * An array in a file on disk, which stays when the array is closed; the elements are in this machine's byte order.
     *
     * @param elementType one of the eight primitive types.
     * @param file        the path.
     * @param mode        how it is opened.
     * @param offset      bytes before the first element; a multiple of the element's size.
     * @param shape       its length or the lengths of its dimensions; none: as many elements as the file has.
     * @return the array.
     */
    static SharedArray onDisk(Class<?> elementType, Path file, Mode mode, long offset, long... shape)
    {
        return SharedArrays.onDisk(elementType, file, mode, offset, shape);
    }

    /**
     * The type of the elements.
     *
     * @return such as {@code double.class}.
     */
    Class<?> elementType();

    /**
     * How many elements it has.
     *
     * @return the product of the dimensions.
     */
    long length();

    /**
     * Its dimensions.
     *
     * @return a new array of at least one length.
     */
    long[] shape();

    /**
     * Where an element of several dimensions is, row-major.
     *
     * @param indices one for each dimension.
     * @return its index.
     */
    long index(long... indices);

    /**
     * An element of a boolean array.
     *
     * @param i index.
     * @return the element.
     */
    boolean getBoolean(long i);

    /**
     * Sets an element of a boolean array.
     *
     * @param i index.
     * @param x the value.
     */
    void setBoolean(long i, boolean x);

    /**
     * An element of a byte array.
     *
     * @param i index.
     * @return the element.
     */
    byte getByte(long i);

    /**
     * Sets an element of a byte array.
     *
     * @param i index.
     * @param x the value.
     */
    void setByte(long i, byte x);

    /**
     * An element of a short array.
     *
     * @param i index.
     * @return the element.
     */
    short getShort(long i);

    /**
     * Sets an element of a short array.
     *
     * @param i index.
     * @param x the value.
     */
    void setShort(long i, short x);

    /**
     * An element of a char array.
     *
     * @param i index.
     * @return the element.
     */
    char getChar(long i);

    /**
     * Sets an element of a char array.
     *
     * @param i index.
     * @param x the value.
     */
    void setChar(long i, char x);

    /**
     * An element of an int array.
     *
     * @param i index.
     * @return the element.
     */
    int getInt(long i);

    /**
     * Sets an element of an int array.
     *
     * @param i index.
     * @param x the value.
     */
    void setInt(long i, int x);

    /**
     * An element of a long array.
     *
     * @param i index.
     * @return the element.
     */
    long getLong(long i);

    /**
     * Sets an element of a long array.
     *
     * @param i index.
     * @param x the value.
     */
    void setLong(long i, long x);

    /**
     * An element of a float array.
     *
     * @param i index.
     * @return the element.
     */
    float getFloat(long i);

    /**
     * Sets an element of a float array.
     *
     * @param i index.
     * @param x the value.
     */
    void setFloat(long i, float x);

    /**
     * An element of a double array.
     *
     * @param i index.
     * @return the element.
     */
    double getDouble(long i);

    /**
     * Sets an element of a double array.
     *
     * @param i index.
     * @param x the value.
     */
    void setDouble(long i, double x);

    /**
     * An element, boxed.
     *
     * @param i index.
     * @return the element.
     */
    Object get(long i);

    /**
     * Sets an element from a boxed value: a float or double from any number, a whole one from a whole number that fits.
     *
     * @param i index.
     * @param x the value.
     */
    void set(long i, Object x);

    /**
     * Adds to an element, atomically among all processes. Of int and long arrays.
     *
     * @param i index.
     * @param x is added; an int array wraps.
     * @return what the element was before.
     */
    long getAndAdd(long i, long x);

    /**
     * Sets an element if it has a value, atomically among all processes. Of int and long arrays.
     *
     * @param i        index.
     * @param expected what it must be.
     * @param x        what it becomes.
     * @return whether it was.
     */
    boolean compareAndSet(long i, long expected, long x);

    /**
     * Reads an element with the order of a volatile read. Of int and long arrays.
     *
     * @param i index.
     * @return the element.
     */
    long getVolatile(long i);

    /**
     * Writes an element with the order of a volatile write. Of int and long arrays.
     *
     * @param i index.
     * @param x the value.
     */
    void setVolatile(long i, long x);

    /**
     * A view of a part, of one dimension. It travels, too.
     *
     * @param from the first element.
     * @param to   behind the last one.
     * @return the view.
     */
    SharedArray slice(long from, long to);

    /**
     * Views of all elements in order, whose lengths differ by one at most, the longer ones first.
     *
     * @param n how many, 1 to 1000000; empty ones where there are fewer elements.
     * @return the views.
     */
    List<SharedArray> parts(int n);

    /**
     * A view that refuses writes, here and where it arrives.
     *
     * @return the view.
     */
    SharedArray readOnly();

    /**
     * A view whose writes stay in this process, each view's its own. Where it arrives, a new one is made of the shared
     * elements.
     *
     * @return the view.
     */
    SharedArray copyOnWrite();

    /**
     * The elements as NIO buffers of their type, in order: one, or several where the array is larger than a GiB. Of a
     * boolean array, bytes.
     *
     * @return DoubleBuffers for doubles, and so on; read-only ones of a read-only view.
     */
    List<Buffer> buffers();

    /**
     * Copies elements to a primitive array of the same type.
     *
     * @param from  the first element.
     * @param array the target.
     * @param at    index there.
     * @param n     how many.
     */
    void copyTo(long from, Object array, int at, int n);

    /**
     * Copies elements from a primitive array of the same type.
     *
     * @param to    the first element set.
     * @param array the source.
     * @param at    index there.
     * @param n     how many.
     */
    void copyFrom(long to, Object array, int at, int n);

    /**
     * Sets elements to one value.
     *
     * @param x    the value, boxed.
     * @param from the first element.
     * @param to   behind the last one.
     */
    void fill(Object x, long from, long to);

    /**
     * Has it been closed in this process?
     *
     * @return true: everything else throws.
     */
    boolean isClosed();

    /**
     * Lets go of it in this process, with all views of it; a copy-on-write view alone. Idempotent. The memory is given
     * back when the last process has. Before JDK 22 the collector unmaps it, which is prompted.
     */
    @Override
    void close();
}
