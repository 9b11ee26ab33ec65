package parallel.shared;

import java.util.Arrays;

import parallel.runtime.Errors;

/** Dimensions of arrays, row-major. */
final class Shapes
{
    private Shapes()
    {
    }

    /* A copy that is known to be a shape. */
    static long[] checked(long[] shape)
    {
        if (shape.length == 0)
        {
            throw Errors.badArgument("A shared array has one dimension or more.");
        }
        try
        {
            if (Arrays.stream(shape).allMatch(n -> n >= 0) && length(shape) <= Long.MAX_VALUE >> 4)
            {
                return shape.clone();
            }
        }
        catch (final ArithmeticException tooLarge)
        {
            // said below
        }
        throw Errors.badArgument("The lengths of a shared array are 0 or more each, not " + Arrays.toString(shape) + ".");
    }

    static long length(long[] shape)
    {
        long length = 1;
        for (final long n : shape)
        {
            length = Math.multiplyExact(length, n);
        }
        return length;
    }

    static long index(long[] shape, long[] indices)
    {
        if (indices.length != shape.length)
        {
            throw Errors.badArgument("An element of the shared array has " + shape.length + " indices, not " + indices.length + ".");
        }
        long index = 0;
        for (int d = 0; d < shape.length; d++)
        {
            if (indices[d] < 0 || indices[d] >= shape[d])
            {
                throw Errors.badArgument("Index " + indices[d] + " is outside of dimension " + d + " of the shared array, which has " +
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
            throw Errors.badArgument("From " + from + " to " + to + " is no range of an array that has " + length + " elements.");
        }
    }
}
