package parallel.shared;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.List;

/**
 * What a mapping has of the system, without a way to its buffers: it ends when the mapping is closed, or when nothing
 * reaches any of the buffers any more.
 */
final class Lease
{
    private final AutoCloseable arena;
    private final SharedFile file;
    private final boolean headed;
    private final long bytes;
    private final List<Watch> watches = new ArrayList<>();
    private boolean closed;
    private boolean unmapped;

    /** Of one map: enqueued when nothing reaches it any more. */
    static final class Watch extends PhantomReference<Object>
    {
        private final Lease lease;

        private Watch(Object keeper, ReferenceQueue<Object> queue, Lease lease)
        {
            super(keeper, queue);
            this.lease = lease;
        }

        void gone()
        {
            lease.gone(this);
        }
    }

    // The file: null where it is another mapping's.
    Lease(Memory memory, SharedFile file, long bytes, boolean headed, ReferenceQueue<Object> queue)
    {
        this.arena = memory.arena();
        this.file = file;
        this.headed = headed;
        this.bytes = bytes;
        for (Object keeper : memory.keepers)
        {
            watches.add(new Watch(keeper, queue, this));
        }
    }

    long bytes()
    {
        return bytes;
    }

    // Of one in memory that is open; else null.
    synchronized SharedFile fileInUse()
    {
        return headed && !closed ? file : null;
    }

    synchronized boolean isClosed()
    {
        return closed;
    }

    synchronized boolean isUnmapped()
    {
        return unmapped;
    }

    void end()
    {
        boolean first;
        synchronized (this)
        {
            first = !closed;
            closed = true;
            unmapped |= Memory.unmap(arena) || watches.isEmpty();
        }
        if (first && file != null)
        {
            RetainedFiles.letGo(file, headed);
        }
        Mappings.ended(this);
    }

    private void gone(Watch watch)
    {
        boolean last;
        synchronized (this)
        {
            watches.remove(watch);
            last = watches.isEmpty();
        }
        if (last)
        {
            end();
        }
    }
}
