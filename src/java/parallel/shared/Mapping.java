package parallel.shared;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import parallel.ClosedException;
import parallel.control.Errors;

/**
 * A file as this process maps it: once, however many arrays are views of it. Safe from any thread.
 * <p>
 * The buffers are plain fields, read at every access: a volatile one would double the time of a loop. A loop that is
 * compiled may therefore read on for a while after close; the memory stays mapped as long (before JDK 22), or the read
 * throws.
 */
final class Mapping
{
    final Identity identity;
    final SharedFile file;
    final MapMode mode;
    /** Where the data begin in the first map. */
    final int base;
    /** How many bytes of data. */
    final long bytes;
    /** The one map; null: there are several or none, see {@link #map(long)}. */
    ByteBuffer one;
    private ByteBuffer[] all;
    private Lease lease;
    private boolean closed;
    /** The whole array as it was made or arrived last: when it comes again it is the same object. */
    private WeakReference<ArrayHandle> whole = new WeakReference<>(null);
    private final List<WeakReference<Mapping>> copies = new ArrayList<>();
    /** What the whole of it is, for who looks; nulls where it is not known here. */
    private Kind kind;
    private long[] shape;
    private SyncCells.Kind cells;

    /** Of a copy-on-write one: what it is a view of; else itself. */
    private final Mapping shared;
    /** Null: it is on this machine alone. */
    private volatile Elsewhere elsewhere;

    /**
     * The copies of an array on other machines, which end with it.
     *
     * @param references one for each machine, as {@link References#of} makes them there.
     * @param first      element here that is the first one of each copy.
     * @param letGo      ends them.
     */
    record Elsewhere(List<Object[]> references, long first, Runnable letGo)
    {
    }

    private Mapping(Identity identity, SharedFile file, boolean writable, int base, long bytes)
    {
        this.identity = identity;
        this.file = file;
        this.mode = writable ? MapMode.READ_WRITE : MapMode.READ_ONLY;
        this.base = base;
        this.bytes = bytes;
        this.shared = this;
    }

    private Mapping(Mapping shared)
    {
        this.identity = shared.identity;
        this.file = shared.file;
        this.mode = MapMode.PRIVATE;
        this.base = shared.base;
        this.bytes = shared.bytes;
        this.shared = shared;
    }

    // A file in memory, whose data follow its header.
    static Mapping ofMemory(Identity identity, SharedFile file, long bytes) throws IOException
    {
        return new Mapping(identity, file, true, Layout.HEADER_BYTES, bytes).mapped(0, true);
    }

    static Mapping ofDisk(
        Identity identity, SharedFile file, boolean writable, long position, long bytes) throws IOException
    {
        return new Mapping(identity, file, writable, 0, bytes).mapped(position, true);
    }

    // The same file, mapped again so that what is written stays here.
    synchronized Mapping copyOnWrite()
    {
        requireOpen();
        Mapping copy = new Mapping(shared);
        try
        {
            copy.mapped(base > 0 ? 0 : identity.makerStart(), false);
        }
        catch (IOException e)
        {
            throw Errors.badArgument("A copy-on-write view of the shared array cannot be mapped: " + e.getMessage() +
                ".");
        }
        copies.removeIf(known -> known.get() == null);
        copies.add(new WeakReference<>(copy));
        return copy;
    }

    private Mapping mapped(long position, boolean ownsFile) throws IOException
    {
        Memory memory = Memory.map(file, mode, position, base + bytes);
        all = memory.buffers;
        one = all.length == 1 ? all[0] : null;
        lease = Mappings.track(memory, ownsFile ? file : null, base + bytes, base > 0);
        return this;
    }

    // Where what is written is seen by the others.
    Mapping shared()
    {
        return shared;
    }

    boolean isRefusingWrites()
    {
        return mode == MapMode.READ_ONLY;
    }

    boolean isPrivate()
    {
        return mode == MapMode.PRIVATE;
    }

    Elsewhere copiesElsewhere()
    {
        return elsewhere;
    }

    void copiesElsewhere(Elsewhere copies)
    {
        elsewhere = copies;
    }

    // The map that holds the byte; at is counted from the start of the first map.
    ByteBuffer map(long at)
    {
        ByteBuffer[] maps = all;
        if (maps == null)
        {
            throw closedError(null);
        }
        return maps[(int)(at >>> Layout.MAP_SHIFT)];
    }

    // Of a file in memory: where tickets are.
    ByteBuffer header()
    {
        return map(0);
    }

    synchronized boolean isClosed()
    {
        return closed;
    }

    void requireOpen()
    {
        if (all == null)
        {
            throw closedError(null);
        }
    }

    static ClosedException closedError(Throwable cause)
    {
        return new ClosedException("This shared array, lock or the like was closed in this process. Close it " +
                "after its last use.",
            Map.of(), cause);
    }

    synchronized ArrayHandle whole()
    {
        return whole.get();
    }

    synchronized void whole(ArrayHandle handle)
    {
        whole = new WeakReference<>(handle);
        kind = handle.kind;
        shape = handle.shape();
    }

    synchronized Kind kind()
    {
        return kind;
    }

    synchronized long[] shape()
    {
        return shape;
    }

    // Of what is made of it; null: it is an array.
    synchronized SyncCells.Kind cells()
    {
        return cells;
    }

    synchronized void cells(SyncCells.Kind made)
    {
        cells = made;
    }

    // Idempotent.
    void close()
    {
        List<WeakReference<Mapping>> views;
        synchronized (this)
        {
            if (closed)
            {
                return;
            }
            closed = true;
            one = null;
            all = null;
            views = List.copyOf(copies);
        }
        if (!isPrivate())
        {
            Mappings.forget(this);
        }
        lease.end();
        views.stream().map(WeakReference::get).filter(copy -> copy != null).forEach(Mapping::close);
        if (elsewhere != null)
        {
            elsewhere.letGo().run();
        }
    }
}
