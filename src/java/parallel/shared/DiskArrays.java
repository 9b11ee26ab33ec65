package parallel.shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

import parallel.SharedArray.Mode;
import parallel.control.Errors;
import parallel.transport.MappedFile;

/** Arrays in files on disk: no header, no name of ours, elements in this machine's byte order. */
final class DiskArrays
{
    private DiskArrays()
    {
    }

    // Of these the first long is negative.
    static boolean isOnDisk(Identity identity)
    {
        return identity.maker() < 0;
    }

    private static Identity identity(Path file, boolean writable, long position) throws IOException
    {
        Map<String, Object> attributes = Files.readAttributes(file, "unix:ino,dev");
        long inode = ((Number)attributes.get("ino")).longValue();
        long device = ((Number)attributes.get("dev")).longValue();
        return new Identity((inode * 31 + device) << 1 | (writable ? 1 : 0) | Long.MIN_VALUE, position);
    }

    static ArrayHandle open(Kind kind, Path path, Mode mode, long position, long[] shape)
    {
        if (position < 0 || position % (1L << kind.shift) != 0)
        {
            throw Errors.badArgument("The offset of an array of " + kind.title() + "s is a multiple of " +
                (1 << kind.shift) + " bytes, not " + position + ".");
        }
        if (mode == Mode.CREATE && shape.length == 0)
        {
            throw Errors.badArgument("A new array on disk needs a length, or the lengths of its dimensions.");
        }
        long end = shape.length == 0 ? position : end(kind, position, shape);
        try
        {
            return open(kind, path.toAbsolutePath(), mode, position, shape, mode == Mode.CREATE ? create(path, end) :
                path.toRealPath());
        }
        catch (IOException e)
        {
            throw Errors.badArgument("The file " + path + " cannot be used as a shared array: " + e + ".");
        }
    }

    private static long end(Kind kind, long position, long[] shape)
    {
        long bytes = Shapes.length(shape) << kind.shift;
        if (bytes > Long.MAX_VALUE - position)
        {
            throw Errors.badArgument(bytes + " bytes from " + position + " on are more than a file can have.");
        }
        return position + bytes;
    }

    // What the file holds is lost only where the array fits.
    private static Path create(Path path, long bytes) throws IOException
    {
        long more = bytes - (Files.exists(path) ? Files.size(path) : 0);
        long usable = MappedFile.usable(path.toAbsolutePath().getParent());
        if (more > usable)
        {
            throw new IOException("it needs " + more + " bytes more, and its file system has " + usable);
        }
        Files.write(path, new byte[0]);
        return path.toRealPath();
    }

    private static ArrayHandle open(
        Kind kind, Path named, Mode mode, long position, long[] shape, Path real) throws IOException
    {
        boolean writable = mode != Mode.READ;
        SharedFile file = SharedFile.of(real, writable);
        try
        {
            long[] dimensions = shape.length > 0 ? shape :
                new long[]{ Math.max(0, file.length() - position) >> kind.shift };
            long bytes = Shapes.length(dimensions) << kind.shift;
            if (mode == Mode.CREATE)
            {
                file.lengthen(position + bytes);
            }
            if (file.length() < position + bytes)
            {
                throw Errors.badArgument("The file " + named + " has " + file.length() + " bytes, too few for " +
                    bytes + " from " + position + " on.");
            }
            Identity identity = identity(real, writable, position);
            boolean[] used = new boolean[1];
            Mapping mapping = Mappings.of(identity, () ->
            {
                used[0] = true;
                return Mapping.ofDisk(identity, file, writable, position, bytes);
            });
            if (!used[0])
            {
                file.close();
            }
            return HandleFactory.known(mapping, new ArrayHandle.Parts(mapping, kind, 0, dimensions, false));
        }
        catch (IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }

    static Mapping arrived(Identity identity, Path path, long bytes) throws IOException
    {
        boolean writable = (identity.maker() & 1) != 0;
        SharedFile file = SharedFile.of(path, writable);
        try
        {
            if (!identity(path, writable, identity.makerStart()).equals(identity) ||
                file.length() < identity.makerStart() + bytes)
            {
                throw new IOException(path + " is another file now");
            }
            return Mapping.ofDisk(identity, file, writable, identity.makerStart(), bytes);
        }
        catch (IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }
}
