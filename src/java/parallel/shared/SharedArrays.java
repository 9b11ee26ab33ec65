package parallel.shared;

import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import parallel.SharedArray;
import parallel.control.Errors;
import parallel.transport.MappedFile;

/** Makes shared arrays. */
public final class SharedArrays
{
    private SharedArrays()
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
        return create(Kind.of(elementType), budget, Shapes.checked(shape), MappedFile.Content.ZEROS);
    }

    private static ArrayHandle create(Kind kind, long budget, long[] shape, MappedFile.Content content)
    {
        SharedExtension.know();
        long bytes = Shapes.length(shape) << kind.shift;
        try
        {
            SharedFile file = Budget.newFile(bytes, content, budget);
            try
            {
                Identity identity = Identity.next();
                file.identity(identity);
                Mapping mapping = Mappings.of(identity, () -> Mapping.ofMemory(identity, file, bytes));
                FileHeader.write(mapping.header(), identity, bytes);
                return HandleFactory.known(mapping, new ArrayHandle.Parts(mapping, kind, 0, shape, false));
            }
            catch (IOException | RuntimeException | Error e)
            {
                file.close();
                throw e;
            }
        }
        catch (IOException e)
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
            ArrayHandle copy = create(shared.kind, -1, shared.shape(), MappedFile.Content.ZEROS);
            shared.copyAll(copy);
            return copy;
        }
        if (array == null || !array.getClass().isArray() || !array.getClass().getComponentType().isPrimitive())
        {
            throw Errors.badArgument("A shared array is made of a primitive array or a shared one, not " +
                (array == null ? "null" : "a " + array.getClass().getTypeName()) + ".");
        }
        // Written once, into the file: zeros first, and the faults of a mapping that nobody has touched, take three
        // times as long.
        Kind kind = Kind.of(array.getClass().getComponentType());
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
        return DiskArrays.open(Kind.of(elementType), file, mode, offset, shape.length == 0 ? shape :
            Shapes.checked(shape));
    }

    /**
     * What names an array on this machine, as data that may go anywhere.
     *
     * @param array of this process, which keeps it.
     * @return see {@link References}.
     */
    public static Object[] reference(SharedArray array)
    {
        return References.of((ArrayHandle)array);
    }

    /**
     * A read-only view of an array that means, on each of several machines, the copy there.
     *
     * @param array      the one of this machine.
     * @param references of its copies, as {@link #reference} gives them there.
     * @param letGo      ends the copies; called when the view is closed, or the array is.
     * @return the view.
     */
    public static SharedArray replicated(SharedArray array, List<Object[]> references, Runnable letGo)
    {
        ArrayHandle whole = (ArrayHandle)array;
        Mapping mapping = whole.mapping.copyOnWrite();
        mapping.copiesElsewhere(new Mapping.Elsewhere(List.copyOf(references), whole.first(), letGo));
        return HandleFactory.make(new ArrayHandle.Parts(mapping, whole.kind, whole.first(), whole.shape(), true));
    }

    /**
     * What this process has of shared memory, by name.
     *
     * @return arrays, bytes, closing-bytes, held, held-bytes, shared-bytes.
     */
    public static Map<String, Long> usage()
    {
        Mappings.Usage usage = Mappings.usage();
        return Map.of("arrays", (long)usage.arrays(), "bytes", usage.bytes(), "closing-bytes", usage.closingBytes(),
            "held", (long)usage.held(), "held-bytes", usage.heldBytes(), "shared-bytes", Budget.limit());
    }
}
