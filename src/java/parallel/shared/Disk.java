package parallel.shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import parallel.SharedArray.Mode;
import parallel.runtime.Errors;

/** Arrays in files on disk: no header, no name of ours, elements in this machine's byte order. */
final class Disk
{
    private Disk()
    {
    }

    /* Of these the first long is negative. */
    static boolean isOnDisk(Identity identity)
    {
        return identity.maker() < 0;
    }

    private static Identity identity(Path file, boolean writable, long position) throws IOException
    {
        final Map<String, Object> attributes = Files.readAttributes(file, "unix:ino,dev");
        final long inode = ((Number)attributes.get("ino")).longValue();
        final long device = ((Number)attributes.get("dev")).longValue();
        return new Identity((inode * 31 + device) << 1 | (writable ? 1 : 0) | Long.MIN_VALUE, position);
    }

    static ArrayHandle open(Kind kind, Path path, Mode mode, long position, long[] shape)
    {
        if (position < 0 || position % (1L << kind.shift) != 0)
        {
            throw Errors.badArgument("The offset of an array of " + kind.title() + "s is a multiple of " + (1 << kind.shift) + " bytes, not " + position + ".");
        }
        if (mode == Mode.CREATE && shape.length == 0)
        {
            throw Errors.badArgument("An array that is made on disk needs its length.");
        }
        try
        {
            return open(kind, path.toAbsolutePath(), mode, position, shape, mode == Mode.CREATE ? create(path) : path.toRealPath());
        }
        catch (final IOException e)
        {
            throw Errors.badArgument("The file " + path + " cannot be used as a shared array: " + e + ".");
        }
    }

    private static Path create(Path path) throws IOException
    {
        Files.write(path, new byte[0]);
        return path.toRealPath();
    }

    private static ArrayHandle open(Kind kind, Path named, Mode mode, long position, long[] shape, Path real) throws IOException
    {
        final boolean writable = mode != Mode.READ;
        final SharedFile file = SharedFile.open(real, writable);
        try
        {
            final long[] dimensions = shape.length > 0 ? shape : new long[]{ Math.max(0, file.length() - position) >> kind.shift };
            final long bytes = Shapes.length(dimensions) << kind.shift;
            if (mode == Mode.CREATE)
            {
                file.lengthen(position + bytes);
            }
            if (file.length() < position + bytes)
            {
                throw Errors.badArgument("The file " + named + " has " + file.length() + " bytes; " + bytes + " from " + position + " on are more.");
            }
            final Identity identity = identity(real, writable, position);
            final boolean[] used = new boolean[1];
            final Mapping mapping = Mappings.of(identity, () ->
            {
                used[0] = true;
                return Mapping.ofDisk(identity, file, writable, position, bytes);
            });
            if (!used[0])
            {
                file.close();
            }
            return Handles.known(mapping, new ArrayHandle.Parts(mapping, kind, 0, dimensions, false));
        }
        catch (final IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }

    static Mapping arrived(Identity identity, Path path, long bytes) throws IOException
    {
        final boolean writable = (identity.maker() & 1) != 0;
        final SharedFile file = SharedFile.open(path, writable);
        try
        {
            if (!identity(path, writable, identity.makerStart()).equals(identity) || file.length() < identity.makerStart() + bytes)
            {
                throw new IOException(path + " is another file now");
            }
            return Mapping.ofDisk(identity, file, writable, identity.makerStart(), bytes);
        }
        catch (final IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }
}
