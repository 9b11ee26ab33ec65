package parallel.clojure;

import java.util.Arrays;

import parallel.codec.Decoder;
import parallel.codec.UnserializableException;

/** Values read one after the other. Grows as they come, whatever number was announced. */
final class ClojureTypesElements
{
    private static final int AT_ONCE = 1024;

    private Object[] values;
    private int count;

    ClojureTypesElements(int capacity)
    {
        values = new Object[capacity];
    }

    private static Object[] read(Decoder in, int count, boolean pairs)
    {
        Object[] values = new Object[Math.min(count, AT_ONCE)];
        in.enter();
        int i = 0;
        try
        {
            for (; i < count; i++)
            {
                if (i == values.length)
                {
                    values = Arrays.copyOf(values, (int)Math.min(count, 2L * i));
                }
                values[i] = in.value();
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw pairs ? failedPair(in, e, values, i) : in.failed(e, (long)i);
        }
        in.leave();
        return values;
    }

    static Object[] read(Decoder in, int count)
    {
        return read(in, count, false);
    }

    /** Key, value, key, value. */
    static Object[] readPairs(Decoder in, int pairs)
    {
        return read(in, Math.multiplyExact(2, pairs), true);
    }

    /** What failed while the value i of keys and values was read. */
    static UnserializableException failedPair(Decoder in, Throwable e, Object[] keysAndValues, int i)
    {
        boolean atValue = (i & 1) == 1;
        return in.failed(e, atValue ? keysAndValues[i - 1] : null, atValue);
    }

    void add(Object value)
    {
        if (count == values.length)
        {
            values = Arrays.copyOf(values, 2 * count);
        }
        values[count++] = value;
    }

    int count()
    {
        return count;
    }

    Object[] toArray()
    {
        return count == values.length ? values : Arrays.copyOf(values, count);
    }
}
