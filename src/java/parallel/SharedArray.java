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
     * Makes an array of zeros.
     *
     * @param elementType one of the eight primitive types.
     * @param shape       its length, or the lengths of its dimensions, 0 or more each; row-major.
     * @return the array.
     * @throws ParallelException with BAD_ARGUMENT if it does not fit into the budget, with the sizes.
     */
    static SharedArray create(Class<?> elementType, long... shape)
    {
        return SharedArrays.create(elementType, shape);
    }

    /**
     * Makes an array with the elements of another.
     *
     * @param array a primitive array, or a shared one.
     * @return the new array.
     * @throws ParallelException with BAD_ARGUMENT for any other value, and as {@link #create}.
     */
    static SharedArray of(Object array)
    {
        return SharedArrays.of(array);
    }

    /**
     * Opens an array in a file on disk, which stays when the array is closed. The elements are in this machine's byte
     * order.
     *
     * @param elementType one of the eight primitive types.
     * @param file        the path of the file.
     * @param mode        how the file is opened.
     * @param offset      the bytes before the first element; a multiple of the element's size.
     * @param shape       its length or the lengths of its dimensions; none: as many elements as the file has.
     * @return the array.
     * @throws ParallelException with BAD_ARGUMENT if the file cannot be used, or is too short.
     */
    static SharedArray onDisk(Class<?> elementType, Path file, Mode mode, long offset, long... shape)
    {
        return SharedArrays.onDisk(elementType, file, mode, offset, shape);
    }

    /**
     * Returns the type of the elements.
     *
     * @return the primitive type, such as {@code double.class}.
     */
    Class<?> elementType();

    /**
     * Returns how many elements it has.
     *
     * @return the product of the dimensions.
     */
    long length();

    /**
     * Returns its dimensions.
     *
     * @return a new array of at least one length.
     */
    long[] shape();

    /**
     * Returns the index of an element of several dimensions, row-major.
     *
     * @param indices one index for each dimension.
     * @return the index of the element.
     */
    long index(long... indices);

    /**
     * Returns an element of a boolean array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    boolean getBoolean(long i);

    /**
     * Sets an element of a boolean array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setBoolean(long i, boolean x);

    /**
     * Returns an element of a byte array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    byte getByte(long i);

    /**
     * Sets an element of a byte array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setByte(long i, byte x);

    /**
     * Returns an element of a short array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    short getShort(long i);

    /**
     * Sets an element of a short array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setShort(long i, short x);

    /**
     * Returns an element of a char array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    char getChar(long i);

    /**
     * Sets an element of a char array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setChar(long i, char x);

    /**
     * Returns an element of an int array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    int getInt(long i);

    /**
     * Sets an element of an int array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setInt(long i, int x);

    /**
     * Returns an element of a long array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    long getLong(long i);

    /**
     * Sets an element of a long array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setLong(long i, long x);

    /**
     * Returns an element of a float array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    float getFloat(long i);

    /**
     * Sets an element of a float array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setFloat(long i, float x);

    /**
     * Returns an element of a double array.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    double getDouble(long i);

    /**
     * Sets an element of a double array.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setDouble(long i, double x);

    /**
     * Returns an element, boxed.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    Object get(long i);

    /**
     * Sets an element from a boxed value: a float or double from any number, a whole one from a whole number that fits.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void set(long i, Object x);

    /**
     * Adds to an element of an int or long array, atomically among all processes.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the number to add; an int array wraps.
     * @return the element before.
     */
    long getAndAdd(long i, long x);

    /**
     * Sets an element of an int or long array if it has a value, atomically among all processes.
     *
     * @param i        the index, from 0 to the length less 1.
     * @param expected the value that it must have.
     * @param x        the value that it is given.
     * @return true if it had the expected value, and was set.
     */
    boolean compareAndSet(long i, long expected, long x);

    /**
     * Reads an element of an int or long array with the order of a volatile read.
     *
     * @param i the index, from 0 to the length less 1.
     * @return the element.
     */
    long getVolatile(long i);

    /**
     * Writes an element of an int or long array with the order of a volatile write.
     *
     * @param i the index, from 0 to the length less 1.
     * @param x the new value.
     */
    void setVolatile(long i, long x);

    /**
     * Returns a view of a part, of one dimension. It can be sent, too.
     *
     * @param from the index of the first element.
     * @param to   the index after the last one.
     * @return the view.
     */
    SharedArray slice(long from, long to);

    /**
     * Returns views of all elements in order, whose lengths differ by one at most, the longer ones first.
     *
     * @param n the number of views, 1 to 1000000; empty ones where there are fewer elements.
     * @return the views.
     */
    List<SharedArray> parts(int n);

    /**
     * Returns a view that refuses writes, here and where it arrives.
     *
     * @return the view.
     */
    SharedArray readOnly();

    /**
     * Returns a view whose writes stay in this process. Each view has its own writes. Where it arrives, a new one is
     * made of the shared elements.
     *
     * @return the view.
     */
    SharedArray copyOnWrite();

    /**
     * Returns the elements as NIO buffers of their type, in order: one, or several where the array is larger than a
     * GiB. Of a boolean array, bytes. Do not use them after {@link #close()}.
     *
     * @return DoubleBuffers for doubles, and so on; read-only ones of a read-only view.
     */
    List<Buffer> buffers();

    /**
     * Copies elements to a primitive array of the same type.
     *
     * @param from  the index of the first element.
     * @param array the target, a primitive array of the same type.
     * @param at    the index of the first element there.
     * @param n     the number of elements.
     */
    void copyTo(long from, Object array, int at, int n);

    /**
     * Copies elements from a primitive array of the same type.
     *
     * @param to    the index of the first element set.
     * @param array the source, a primitive array of the same type.
     * @param at    the index of the first element there.
     * @param n     the number of elements.
     */
    void copyFrom(long to, Object array, int at, int n);

    /**
     * Sets elements to one value.
     *
     * @param x    the value, boxed.
     * @param from the index of the first element.
     * @param to   the index after the last one.
     */
    void fill(Object x, long from, long to);

    /**
     * Returns whether it was closed in this process.
     *
     * @return true if so: every other method then throws, with CLOSED.
     */
    boolean isClosed();

    /**
     * Releases it in this process, with all views of it; a copy-on-write view alone. Idempotent. The memory is given
     * back when the last process has released it. Before JDK 22 the collector unmaps it; it is asked to run soon.
     */
    @Override
    void close();
}
