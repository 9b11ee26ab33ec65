package parallel.shared;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

import parallel.codec.Copies;
import parallel.process.ThisProcess;
import parallel.runtime.SessionMemory;

/**
 * What travels of an array: which one, through which descriptor of the sender's it is reached, and which part of it is meant.
 *
 * <pre>
 *   [ longs, path or nil, shape or nil for one dimension ]
 *   or [ what is made of words, all that ] for locks and their like
 *   longs: kind, view, identity (2), bytes of data, pid, descriptor, ticket, first element, elements
 * </pre>
 */
final class References
{
    private static final int KIND = 0;
    private static final int VIEW = 1;
    private static final int MAKER = 2;
    private static final int MAKER_START = 3;
    private static final int BYTES = 4;
    private static final int PID = 5;
    private static final int DESCRIPTOR = 6;
    private static final int TICKET = 7;
    private static final int FIRST = 8;
    private static final int LENGTH = 9;
    private static final int LONGS = 10;

    private static final int READ_ONLY = 1;
    private static final int COPY_ON_WRITE = 2;

    private References()
    {
    }

    static Object[] of(ArrayHandle array)
    {
        final Mapping mapping = array.mapping;
        mapping.requireOpen();
        final long[] longs = new long[LONGS];
        longs[KIND] = array.kind.ordinal();
        longs[VIEW] = mapping.isPrivate() ? COPY_ON_WRITE : array.readOnly ? READ_ONLY : 0;
        longs[MAKER] = mapping.identity.maker();
        longs[MAKER_START] = mapping.identity.makerStart();
        longs[BYTES] = mapping.bytes;
        longs[PID] = ThisProcess.pid();
        longs[DESCRIPTOR] = mapping.file.descriptor();
        longs[FIRST] = array.first();
        longs[LENGTH] = array.length;
        final boolean inMemory = mapping.base > 0;
        if (inMemory)
        {
            SessionMemory.heritage(new Custody());
            longs[TICKET] = Tickets.depart(mapping.shared().header(), Copies.expected());
        }
        final long[] shape = array.shape();
        final boolean byPath = !inMemory || mapping.file.descriptor() < 0;
        return new Object[]{longs, byPath ? mapping.file.path().toString() : null, shape.length == 1 ? null : shape};
    }

    static Travelling arrived(Object written)
    {
        final Object[] parts = (Object[])written;
        return parts[0] instanceof Integer kind ? Words.arrived(kind, array((Object[])parts[1])) : array(parts);
    }

    private static ArrayHandle array(Object[] parts)
    {
        final long[] longs = (long[])parts[0];
        final Kind kind = Kind.values()[(int)longs[KIND]];
        final long[] shape = parts[2] == null ? new long[]{ longs[LENGTH] } : (long[])parts[2];
        final Mapping mapping = mapping(longs, (String)parts[1]);
        if (mapping.base > 0)
        {
            Tickets.arrive(mapping.header(), longs[TICKET]);
        }
        return handle(mapping, kind, shape, longs);
    }

    private static ArrayHandle handle(Mapping mapping, Kind kind, long[] shape, long[] longs)
    {
        if (Shapes.length(shape) != longs[LENGTH] || longs[FIRST] < 0 ||
            (longs[FIRST] + longs[LENGTH]) << kind.shift > mapping.bytes)
        {
            throw new IllegalArgumentException("A reference to a part that the shared array does not have.");
        }
        final boolean copyOnWrite = longs[VIEW] == COPY_ON_WRITE;
        final ArrayHandle.Parts parts = new ArrayHandle.Parts(copyOnWrite ? mapping.copyOnWrite() : mapping, kind, longs[FIRST], shape,
            longs[VIEW] == READ_ONLY);
        return Handles.known(mapping, parts);
    }

    private static Mapping mapping(long[] longs, String path)
    {
        final Identity identity = new Identity(longs[MAKER], longs[MAKER_START]);
        try
        {
            return Mappings.of(identity, () -> open(identity, longs, path));
        }
        catch (final IOException e)
        {
            throw new IllegalStateException("A shared array of " + longs[BYTES] + " bytes cannot be mapped: " + e.getMessage() +
                ". The process that sent it, pid " + longs[PID] + ", has let go of it before it arrived, or has ended.", e);
        }
    }

    private static Mapping open(Identity identity, long[] longs, String path) throws IOException
    {
        if (Disk.isOnDisk(identity))
        {
            return Disk.arrived(identity, Path.of(path), longs[BYTES]);
        }
        final Path kept = Holds.path(identity);
        return inMemory(identity, kept != null ? kept : path != null ? Path.of(path) :
            Path.of("/proc/" + longs[PID] + "/fd/" + longs[DESCRIPTOR]), longs[BYTES]);
    }

    private static Mapping inMemory(Identity identity, Path handedOn, long bytes) throws IOException
    {
        final SharedFile file = SharedFile.open(handedOn, true);
        try
        {
            Header.check(file, identity, bytes);
            file.identity(identity);
            return Mapping.ofMemory(identity, file, bytes);
        }
        catch (final IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }
}
