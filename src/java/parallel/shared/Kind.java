package parallel.shared;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;

import parallel.control.Errors;

/** The eight kinds of elements. Their order is part of the layout of a reference. */
enum Kind
{
    BOOLEAN(boolean[].class, 0)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes;
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((boolean[])array, (Boolean)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.get(at) != 0;
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.put(at, (byte)((Boolean)x ? 1 : 0));
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            boolean[] booleans = (boolean[])array;
            for (int i = 0; i < n; i++)
            {
                booleans[first + i] = from.get(at + i) != 0;
            }
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            boolean[] booleans = (boolean[])array;
            for (int i = 0; i < n; i++)
            {
                to.put(at + i, (byte)(booleans[first + i] ? 1 : 0));
            }
        }
    },
    BYTE(byte[].class, 0)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes;
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((byte[])array, (Byte)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.get(at);
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.put(at, (byte)whole(x, Byte.MIN_VALUE, Byte.MAX_VALUE));
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            from.get(at, (byte[])array, first, n);
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            to.put(at, (byte[])array, first, n);
        }
    },
    SHORT(short[].class, 1)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes.asShortBuffer();
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((short[])array, (Short)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.getShort(at);
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.putShort(at, (short)whole(x, Short.MIN_VALUE, Short.MAX_VALUE));
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            Slices.from(from, at).asShortBuffer().get(0, (short[])array, first, n);
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            Slices.from(to, at).asShortBuffer().put(0, (short[])array, first, n);
        }
    },
    CHAR(char[].class, 1)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes.asCharBuffer();
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((char[])array, (Character)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.getChar(at);
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.putChar(at, (Character)x);
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            Slices.from(from, at).asCharBuffer().get(0, (char[])array, first, n);
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            Slices.from(to, at).asCharBuffer().put(0, (char[])array, first, n);
        }
    },
    INT(int[].class, 2)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes.asIntBuffer();
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((int[])array, (Integer)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.getInt(at);
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.putInt(at, (int)whole(x, Integer.MIN_VALUE, Integer.MAX_VALUE));
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            Slices.from(from, at).asIntBuffer().get(0, (int[])array, first, n);
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            Slices.from(to, at).asIntBuffer().put(0, (int[])array, first, n);
        }
    },
    LONG(long[].class, 3)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes.asLongBuffer();
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((long[])array, (Long)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.getLong(at);
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.putLong(at, whole(x, Long.MIN_VALUE, Long.MAX_VALUE));
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            Slices.from(from, at).asLongBuffer().get(0, (long[])array, first, n);
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            Slices.from(to, at).asLongBuffer().put(0, (long[])array, first, n);
        }
    },
    FLOAT(float[].class, 2)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes.asFloatBuffer();
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((float[])array, (Float)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.getFloat(at);
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.putFloat(at, ((Number)x).floatValue());
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            Slices.from(from, at).asFloatBuffer().get(0, (float[])array, first, n);
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            Slices.from(to, at).asFloatBuffer().put(0, (float[])array, first, n);
        }
    },
    DOUBLE(double[].class, 3)
    {
        @Override
        Buffer typed(ByteBuffer bytes)
        {
            return bytes.asDoubleBuffer();
        }

        @Override
        void fill(Object array, Object x)
        {
            Arrays.fill((double[])array, (Double)x);
        }

        @Override
        Object get(ByteBuffer from, int at)
        {
            return from.getDouble(at);
        }

        @Override
        void put(ByteBuffer to, int at, Object x)
        {
            to.putDouble(at, ((Number)x).doubleValue());
        }

        @Override
        void copyOut(ByteBuffer from, int at, Object array, int first, int n)
        {
            Slices.from(from, at).asDoubleBuffer().get(0, (double[])array, first, n);
        }

        @Override
        void copyIn(ByteBuffer to, int at, Object array, int first, int n)
        {
            Slices.from(to, at).asDoubleBuffer().put(0, (double[])array, first, n);
        }
    };

    final Class<?> arrayType;
    final int shift;

    Kind(Class<?> arrayType, int shift)
    {
        this.arrayType = arrayType;
        this.shift = shift;
    }

    abstract Object get(ByteBuffer from, int at);

    // A ClassCastException or an IllegalArgumentException says that x does not fit.
    abstract void put(ByteBuffer to, int at, Object x);

    abstract void copyOut(ByteBuffer from, int at, Object array, int first, int n);

    abstract void copyIn(ByteBuffer to, int at, Object array, int first, int n);

    // The bytes as a buffer of elements.
    abstract Buffer typed(ByteBuffer bytes);

    abstract void fill(Object array, Object x);

    String title()
    {
        return name().toLowerCase(Locale.ROOT);
    }

    static Kind of(Class<?> elementType)
    {
        for (Kind kind : values())
        {
            if (kind.arrayType.getComponentType() == elementType)
            {
                return kind;
            }
        }
        throw Errors.badArgument("A shared array has elements of a primitive type, not " + elementType + ".");
    }

    private static long whole(Object x, long least, long most)
    {
        if (x instanceof Long || x instanceof Integer || x instanceof Short || x instanceof Byte)
        {
            long value = ((Number)x).longValue();
            if (value >= least && value <= most)
            {
                return value;
            }
        }
        throw new IllegalArgumentException();
    }
}
