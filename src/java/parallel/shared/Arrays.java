package parallel.shared;

import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.file.Path;

import parallel.SharedArray;
import parallel.runtime.Errors;

/** Makes shared arrays. */
public final class Arrays
{
    private Arrays()
    {
    }

    /**
     * As {@link SharedArray#create(Class, long...)}.
     *
     * @param elementType of the elements.
     * @param shape       dimensions.
     * @return the array.
     */
    public static SharedArray create(Class<?> elementType, long... shape)
    {
        return create(elementType, -1, shape);
    }

    /**
     * The same with a budget.
     *
     * @param elementType of the elements.
     * @param budget      most bytes that this process may have with it; -1 for the budget of the process.
     * @param shape       dimensions.
     * @return the array.
     */
    public static SharedArray create(Class<?> elementType, long budget, long[] shape)
    {
        return create(Kind.of(elementType), budget, Shapes.checked(shape), SharedFile.Content.ZEROS);
    }

    private static ArrayHandle create(Kind kind, long budget, long[] shape, SharedFile.Content content)
    {
        SharedExtension.know();
        final long bytes = Shapes.length(shape) << kind.shift;
        try
        {
            final SharedFile file = Budget.newFile(bytes, content, budget);
            try
            {
                final Identity identity = Identity.next();
                file.identity(identity);
                final Mapping mapping = Mappings.of(identity, () -> Mapping.ofMemory(identity, file, bytes));
                Header.write(mapping.header(), identity, bytes);
                return Handles.known(mapping, new ArrayHandle.Parts(mapping, kind, 0, shape, false));
            }
            catch (final IOException | RuntimeException | Error e)
            {
                file.close();
                throw e;
            }
        }
        catch (final IOException e)
        {
            throw Errors.badArgument("A shared array of " + bytes + " bytes cannot be made: " + e.getMessage() + ".");
        }
    }

    /**
     * As {@link SharedArray#of(Object)}.
     *
     * @param array a primitive array or a shared one.
     * @return the array.
     */
    public static SharedArray of(Object array)
    {
        if (array instanceof ArrayHandle shared)
        {
            final ArrayHandle copy = create(shared.kind, -1, shared.shape(), SharedFile.Content.ZEROS);
            shared.copyAll(copy);
            return copy;
        }
        if (array == null || !array.getClass().isArray() || !array.getClass().getComponentType().isPrimitive())
        {
            throw Errors.badArgument("A shared array is made of a primitive array or a shared one, not " +
                (array == null ? "null" : "a " + array.getClass().getTypeName()) + ".");
        }
        // Written once, into the file: zeros first, and the faults of a mapping that nobody has touched, take three times as long.
        final Kind kind = Kind.of(array.getClass().getComponentType());
        return create(kind, -1, new long[]{ Array.getLength(array) }, (chunk, from, n) ->
            kind.copyIn(chunk, 0, array, (int)(from >> kind.shift), n >> kind.shift));
    }

    /**
     * As {@link SharedArray#onDisk}.
     *
     * @param elementType of the elements.
     * @param file        the path.
     * @param mode        how it is opened.
     * @param offset      bytes before the first element.
     * @param shape       dimensions.
     * @return the array.
     */
    public static SharedArray onDisk(Class<?> elementType, Path file, SharedArray.Mode mode, long offset, long... shape)
    {
        SharedExtension.know();
        return Disk.open(Kind.of(elementType), file, mode, offset, shape.length == 0 ? shape : Shapes.checked(shape));
    }

    /**
     * What this process has of shared memory, by name.
     *
     * @return arrays, bytes, closing-bytes, held, held-bytes, shared-bytes.
     */
    public static java.util.Map<String, Long> usage()
    {
        final Mappings.Usage usage = Mappings.usage();
        return java.util.Map.of("arrays", (long)usage.arrays(), "bytes", usage.bytes(), "closing-bytes", usage.closingBytes(),
            "held", (long)usage.held(), "held-bytes", usage.heldBytes(), "shared-bytes", Budget.limit());
    }
}
