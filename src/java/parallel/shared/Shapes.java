package parallel.shared;

import java.util.Arrays;

import parallel.control.Errors;

/** Dimensions of arrays, row-major. */
final class Shapes
{
    private static final long MOST_ELEMENTS = Long.MAX_VALUE >> 4;

    private Shapes()
    {
    }

    // A copy that is known to be a shape.
    static long[] checked(long[] shape)
    {
        if (shape.length == 0)
        {
            throw Errors.badArgument("A shared array has one dimension or more.");
        }
        if (Arrays.stream(shape).anyMatch(n -> n < 0))
        {
            throw Errors.badArgument("The lengths of a shared array are 0 or more each, not " +
                Arrays.toString(shape) + ".");
        }
        if (!isCountable(shape))
        {
            throw Errors.badArgument("A shared array with the lengths " + Arrays.toString(shape) +
                " is larger than any memory: it has at most " +
                MOST_ELEMENTS + " elements.");
        }
        return shape.clone();
    }

    private static boolean isCountable(long[] shape)
    {
        try
        {
            return length(shape) <= MOST_ELEMENTS;
        }
        catch (ArithmeticException e)
        {
            return false;
        }
    }

    static long length(long[] shape)
    {
        long length = 1;
        for (long n : shape)
        {
            length = Math.multiplyExact(length, n);
        }
        return length;
    }

    static long index(long[] shape, long[] indices)
    {
        if (indices.length != shape.length)
        {
            throw Errors.badArgument("An element of the shared array has " + shape.length + " indices, not " +
                indices.length + ".");
        }
        long index = 0;
        for (int d = 0; d < shape.length; d++)
        {
            if (indices[d] < 0 || indices[d] >= shape[d])
            {
                throw Errors.badArgument("Index " + indices[d] + " is outside of dimension " + d +
                    " of the shared array, which has " +
                    shape[d] + " elements.");
            }
            index = index * shape[d] + indices[d];
        }
        return index;
    }

    static void checkRange(long from, long to, long length)
    {
        if (from < 0 || to < from || to > length)
        {
            throw Errors.badArgument("From " + from + " to " + to + " is not a range of an array that has " + length +
                " elements.");
        }
    }
}
