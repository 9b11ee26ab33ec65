package parallel.clojure;

import java.util.Arrays;

import parallel.codec.Decoder;

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

    static Object[] read(Decoder in, int count)
    {
        Object[] values = new Object[Math.min(count, AT_ONCE)];
        in.enter();
        for (int i = 0; i < count; i++)
        {
            if (i == values.length)
            {
                values = Arrays.copyOf(values, (int)Math.min(count, 2L * i));
            }
            values[i] = in.value();
        }
        in.leave();
        return values;
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
