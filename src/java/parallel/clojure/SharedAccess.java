package parallel.clojure;

import parallel.ParallelException;
import parallel.shared.ArrayHandle;

/** The elements of shared arrays for Clojure code that is hinted: primitives, and errors as ExceptionInfos. */
public final class SharedAccess
{
    private SharedAccess()
    {
    }

    /**
     * An element of a boolean array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static boolean getBoolean(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getBoolean(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of a boolean array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static boolean setBoolean(Object array, long i, boolean x)
    {
        try
        {
            ((ArrayHandle)array).setBoolean(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * An element of a byte array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static byte getByte(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getByte(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of a byte array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static byte setByte(Object array, long i, byte x)
    {
        try
        {
            ((ArrayHandle)array).setByte(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * An element of a short array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static short getShort(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getShort(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of a short array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static short setShort(Object array, long i, short x)
    {
        try
        {
            ((ArrayHandle)array).setShort(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * An element of a char array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static char getChar(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getChar(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of a char array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static char setChar(Object array, long i, char x)
    {
        try
        {
            ((ArrayHandle)array).setChar(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * An element of an int array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static int getInt(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getInt(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of an int array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static int setInt(Object array, long i, int x)
    {
        try
        {
            ((ArrayHandle)array).setInt(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * An element of a long array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static long getLong(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getLong(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of a long array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static long setLong(Object array, long i, long x)
    {
        try
        {
            ((ArrayHandle)array).setLong(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * An element of a float array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static float getFloat(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getFloat(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of a float array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static float setFloat(Object array, long i, float x)
    {
        try
        {
            ((ArrayHandle)array).setFloat(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * An element of a double array.
     *
     * @param array a shared array.
     * @param i     index.
     * @return the element.
     */
    public static double getDouble(Object array, long i)
    {
        try
        {
            return ((ArrayHandle)array).getDouble(i);
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }

    /**
     * Sets an element of a double array.
     *
     * @param array a shared array.
     * @param i     index.
     * @param x     the value.
     * @return the value.
     */
    public static double setDouble(Object array, long i, double x)
    {
        try
        {
            ((ArrayHandle)array).setDouble(i, x);
            return x;
        }
        catch (ParallelException e)
        {
            throw ClojureErrors.exInfo(e);
        }
    }
}
