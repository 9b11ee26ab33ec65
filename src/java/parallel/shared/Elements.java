package parallel.shared;

import java.nio.ByteBuffer;

import parallel.ParallelException;
import parallel.SharedArray;
import parallel.control.Errors;

/**
 * The elements of a shared array, one at a time. In a loop that is compiled all checks but that of the bounds are made
 * once.
 */
public abstract class Elements implements SharedArray
{
    final Mapping mapping;
    final Kind kind;
    final long length;
    final boolean readOnly;
    /** Where the first element is, in bytes from the start of the first map. */
    final long start;

    Elements(Mapping mapping, Kind kind, long start, long length, boolean readOnly)
    {
        this.mapping = mapping;
        this.kind = kind;
        this.start = start;
        this.length = length;
        this.readOnly = readOnly;
    }

    // The map in which the element is, if it may be read as that kind.
    final ByteBuffer readable(long i, Kind asked)
    {
        if (i < 0 || i >= length || kind != asked)
        {
            throw refused(i, asked);
        }
        ByteBuffer one = mapping.one;
        return one == null ? mapping.map(start + (i << kind.shift)) : one;
    }

    final ByteBuffer writable(long i, Kind asked)
    {
        if (readOnly)
        {
            throw readOnlyError();
        }
        return readable(i, asked);
    }

    // Where the element is in its map.
    final int at(long i, int shift)
    {
        return (int)(start + (i << shift)) & Layout.MAP_MASK;
    }

    private ParallelException refused(long i, Kind asked)
    {
        mapping.requireOpen();
        return kind == asked ?
            Errors.badArgument("Index " + i + " is outside of the shared array, which has " + length + " elements.") :
            Errors.badArgument("The elements of the shared array are " + kind.title() + "s, not " + asked.title() +
            "s.");
    }

    final ParallelException readOnlyError()
    {
        mapping.requireOpen();
        return Errors.badArgument("The shared array is a read-only view; write to the array it is a view of.");
    }

    // For what a buffer throws that was unmapped between two looks at it.
    static ParallelException unmapped(IllegalStateException e)
    {
        return Mapping.closedError(e);
    }

    @Override
    public final boolean getBoolean(long i)
    {
        ByteBuffer map = readable(i, Kind.BOOLEAN);
        try
        {
            return map.get(at(i, 0)) != 0;
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setBoolean(long i, boolean x)
    {
        ByteBuffer map = writable(i, Kind.BOOLEAN);
        try
        {
            map.put(at(i, 0), (byte)(x ? 1 : 0));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final byte getByte(long i)
    {
        ByteBuffer map = readable(i, Kind.BYTE);
        try
        {
            return map.get(at(i, 0));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setByte(long i, byte x)
    {
        ByteBuffer map = writable(i, Kind.BYTE);
        try
        {
            map.put(at(i, 0), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final short getShort(long i)
    {
        ByteBuffer map = readable(i, Kind.SHORT);
        try
        {
            return map.getShort(at(i, 1));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setShort(long i, short x)
    {
        ByteBuffer map = writable(i, Kind.SHORT);
        try
        {
            map.putShort(at(i, 1), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final char getChar(long i)
    {
        ByteBuffer map = readable(i, Kind.CHAR);
        try
        {
            return map.getChar(at(i, 1));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setChar(long i, char x)
    {
        ByteBuffer map = writable(i, Kind.CHAR);
        try
        {
            map.putChar(at(i, 1), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final int getInt(long i)
    {
        ByteBuffer map = readable(i, Kind.INT);
        try
        {
            return map.getInt(at(i, 2));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setInt(long i, int x)
    {
        ByteBuffer map = writable(i, Kind.INT);
        try
        {
            map.putInt(at(i, 2), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final long getLong(long i)
    {
        ByteBuffer map = readable(i, Kind.LONG);
        try
        {
            return map.getLong(at(i, 3));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setLong(long i, long x)
    {
        ByteBuffer map = writable(i, Kind.LONG);
        try
        {
            map.putLong(at(i, 3), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final float getFloat(long i)
    {
        ByteBuffer map = readable(i, Kind.FLOAT);
        try
        {
            return map.getFloat(at(i, 2));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setFloat(long i, float x)
    {
        ByteBuffer map = writable(i, Kind.FLOAT);
        try
        {
            map.putFloat(at(i, 2), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final double getDouble(long i)
    {
        ByteBuffer map = readable(i, Kind.DOUBLE);
        try
        {
            return map.getDouble(at(i, 3));
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }

    @Override
    public final void setDouble(long i, double x)
    {
        ByteBuffer map = writable(i, Kind.DOUBLE);
        try
        {
            map.putDouble(at(i, 3), x);
        }
        catch (IllegalStateException e)
        {
            throw unmapped(e);
        }
    }
}
