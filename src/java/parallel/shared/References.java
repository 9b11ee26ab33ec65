package parallel.shared;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import parallel.SharedArray;
import parallel.codec.ReaderCount;
import parallel.codec.UnserializableException;
import parallel.process.ThisProcess;
import parallel.runtime.SessionMemory;

/**
 * What is sent of an array: which one, through which descriptor of the sender's it is reached, and which part of it is
 * meant.
 *
 * <pre>
 *   [ longs, path or nil, shape or nil for one dimension ]
 *   or [ what is made of words, all that ] for locks and their like
 *   or [ "copies", [ all that, once for each machine ] ] for an array that is on several
 *   longs: kind, view, identity (2), bytes of data, pid, descriptor, ticket, first element, elements, host
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
    private static final int HOST = 10;
    private static final int LONGS = 11;

    private static final String COPIES = "copies";

    private static final int READ_ONLY = 1;
    private static final int COPY_ON_WRITE = 2;

    private References()
    {
    }

    // A ticket holds the file until the reference has arrived.
    static Object[] of(ArrayHandle array)
    {
        Object[] parts = parts(array);
        if (array.mapping.base > 0)
        {
            SessionMemory.heritage(new HandoverAtExit());
            ((long[])parts[0])[TICKET] = Tickets.depart(array.mapping.shared().header(), ReaderCount.expected());
        }
        return parts;
    }

    // For several machines: that of each receiver's own is meant. Nothing holds the file.
    static Object[] ofCopies(ArrayHandle array)
    {
        List<Object[]> all = new ArrayList<>();
        all.add(parts(array));
        Mapping.Elsewhere elsewhere = array.mapping.copiesElsewhere();
        long[] shape = array.shape();
        for (Object[] copy : elsewhere.references())
        {
            long[] longs = ((long[])copy[0]).clone();
            longs[FIRST] = array.first() - elsewhere.first();
            longs[LENGTH] = array.length;
            all.add(new Object[]{ longs, copy[1], shape.length == 1 ? null : shape });
        }
        return new Object[]{ COPIES, all.toArray() };
    }

    private static Object[] parts(ArrayHandle array)
    {
        Mapping mapping = array.mapping;
        mapping.requireOpen();
        long[] longs = new long[LONGS];
        longs[KIND] = array.kind.ordinal();
        longs[VIEW] = mapping.copiesElsewhere() != null ? READ_ONLY : mapping.isPrivate() ? COPY_ON_WRITE :
            array.readOnly ? READ_ONLY : 0;
        longs[MAKER] = mapping.identity.maker();
        longs[MAKER_START] = mapping.identity.makerStart();
        longs[BYTES] = mapping.bytes;
        longs[PID] = ThisProcess.pid();
        longs[DESCRIPTOR] = mapping.file.descriptor();
        longs[FIRST] = array.first();
        longs[LENGTH] = array.length;
        longs[HOST] = SessionMemory.host();
        long[] shape = array.shape();
        boolean byPath = mapping.base == 0 || mapping.file.descriptor() < 0;
        return new Object[]{longs, byPath ? mapping.file.path().toString() : null, shape.length == 1 ? null : shape};
    }

    static SentByReference arrived(Object written)
    {
        Object[] parts = (Object[])written;
        if (parts[0] instanceof Integer kind)
        {
            Object[] words = (Object[])parts[1];
            if (!isOfThisMachine(words))
            {
                throw SyncCells.notFromElsewhere(kind);
            }
            return SyncCells.arrived(kind, array(words));
        }
        Object[] ours = parts[0].equals(COPIES) ? ofThisMachine((Object[])parts[1]) : parts;
        if (!isOfThisMachine(ours))
        {
            throw notFromElsewhere((long[])ours[0]);
        }
        return array(ours);
    }

    private static Object[] ofThisMachine(Object[] copies)
    {
        return (Object[])Arrays.stream(copies).filter(copy -> isOfThisMachine((Object[])copy)).findFirst()
            .orElse(copies[0]);
    }

    // What another machine's references name is something else here, or nothing.
    private static boolean isOfThisMachine(Object[] parts)
    {
        return ((long[])parts[0])[HOST] == SessionMemory.host();
    }

    private static UnserializableException notFromElsewhere(long[] longs)
    {
        return SharedExtension.notFromElsewhere(SharedArray.class,
            "A shared array of " + longs[BYTES] + " bytes", ArrayHandle.INSTEAD);
    }

    private static ArrayHandle array(Object[] parts)
    {
        long[] longs = (long[])parts[0];
        Kind kind = Kind.values()[(int)longs[KIND]];
        long[] shape = parts[2] == null ? new long[]{ longs[LENGTH] } : (long[])parts[2];
        Mapping mapping = mapping(longs, (String)parts[1]);
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
        boolean copyOnWrite = longs[VIEW] == COPY_ON_WRITE;
        ArrayHandle.Parts parts =
            new ArrayHandle.Parts(copyOnWrite ? mapping.copyOnWrite() : mapping, kind, longs[FIRST], shape,
            longs[VIEW] == READ_ONLY);
        return HandleFactory.known(mapping, parts);
    }

    private static Mapping mapping(long[] longs, String path)
    {
        Identity identity = new Identity(longs[MAKER], longs[MAKER_START]);
        try
        {
            return Mappings.of(identity, () -> open(identity, longs, path));
        }
        catch (IOException e)
        {
            throw new IllegalStateException("A shared array of " + longs[BYTES] + " bytes cannot be mapped: " +
                e.getMessage() +
                ". The process that sent it, pid " + longs[PID] +
                ", has let go of it before it arrived, or has ended.", e);
        }
    }

    private static Mapping open(Identity identity, long[] longs, String path) throws IOException
    {
        if (DiskArrays.isOnDisk(identity))
        {
            return DiskArrays.arrived(identity, Path.of(path), longs[BYTES]);
        }
        Path kept = RetainedFiles.path(identity);
        return inMemory(identity, kept != null ? kept : path != null ? Path.of(path) :
            Path.of("/proc/" + longs[PID] + "/fd/" + longs[DESCRIPTOR]), longs[BYTES]);
    }

    private static Mapping inMemory(Identity identity, Path handedOn, long bytes) throws IOException
    {
        SharedFile file = SharedFile.of(handedOn, true);
        try
        {
            FileHeader.check(file, identity, bytes);
            file.identity(identity);
            return Mapping.ofMemory(identity, file, bytes);
        }
        catch (IOException | RuntimeException | Error e)
        {
            file.close();
            throw e;
        }
    }
}
