package parallel.shared;

import java.io.IOException;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The mappings of this process, and the thread that sees to those which nobody needs any more. Safe from any thread.
 */
final class Mappings
{
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LATEST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long SOON_MS = 20;
    /** How long a collection's word on what it has unmapped may take, for the thread that waits for it. */
    private static final long WORD_MS = 200;
    private static final long HOLDS_MS = 50;
    private static final long IDLE_MS = 1000;
    private static final int ATTEMPTS = 6;

    private static final Map<Identity, WeakReference<Mapping>> KNOWN = new HashMap<>();
    private static final Set<Lease> LEASES = new HashSet<>();
    private static final ReferenceQueue<Object> QUEUE = new ReferenceQueue<>();
    private static Thread keeper;
    /** Collections asked for, for what is closed and still mapped. */
    private static int attempts;
    private static long nextAttempt;
    private static long firstClose;

    private Mappings()
    {
    }

    /** Makes a mapping. */
    interface Opening
    {
        Mapping open() throws IOException;
    }

    // The one mapping of that identity, opened if there is none.
    static synchronized Mapping of(Identity identity, Opening opening) throws IOException
    {
        WeakReference<Mapping> known = KNOWN.get(identity);
        Mapping mapping = known == null ? null : known.get();
        if (mapping != null && !mapping.isClosed())
        {
            return mapping;
        }
        Mapping opened = opening.open();
        KNOWN.values().removeIf(other -> other.get() == null);
        KNOWN.put(identity, new WeakReference<>(opened));
        return opened;
    }

    static synchronized void forget(Mapping mapping)
    {
        WeakReference<Mapping> known = KNOWN.get(mapping.identity);
        if (known != null && known.get() == mapping)
        {
            KNOWN.remove(mapping.identity);
        }
    }

    static synchronized Lease track(Memory memory, SharedFile file, long bytes, boolean headed)
    {
        Lease lease = new Lease(memory, file, bytes, headed, QUEUE);
        LEASES.add(lease);
        awaken();
        return lease;
    }

    // Closed, or gone: the collector unmaps what is not unmapped yet. It is asked when closing pauses, or a second
    // after the first.
    static synchronized void ended(Lease lease)
    {
        if (lease.isUnmapped())
        {
            LEASES.remove(lease);
        }
        else
        {
            long now = System.nanoTime();
            firstClose = attempts > 0 || !isClosing(lease) ? now : firstClose;
            attempts = 0;
            nextAttempt = Math.min(now + PAUSE_NANOS, firstClose + LATEST_NANOS);
        }
        awaken();
    }

    // Those that are open, as the rest of the session has them: copy-on-write ones are not among them.
    static synchronized List<Mapping> open()
    {
        return KNOWN.values().stream().map(WeakReference::get).filter(mapping -> mapping != null && !mapping.isClosed())
            .toList();
    }

    // The files in memory of this process to which a reference is on its way.
    static List<SharedFile> awaited()
    {
        List<SharedFile> files = new ArrayList<>(RetainedFiles.files());
        synchronized (Mappings.class)
        {
            LEASES.stream().map(Lease::fileInUse).filter(file -> file != null).forEach(files::add);
        }
        files.removeIf(file -> !RetainedFiles.isOutstanding(file));
        return files;
    }

    static synchronized Usage usage()
    {
        long open = 0;
        long closing = 0;
        int arrays = 0;
        for (Lease lease : LEASES)
        {
            arrays += lease.isClosed() ? 0 : 1;
            open += lease.isClosed() ? 0 : lease.bytes();
            closing += lease.isClosed() ? lease.bytes() : 0;
        }
        return new Usage(arrays, open, closing, RetainedFiles.count(), RetainedFiles.bytes());
    }

    /**
     * What this process has.
     *
     * @param arrays       mappings that are open.
     * @param bytes        of these.
     * @param closingBytes closed, and still mapped until the collector has run.
     * @param held         files held open until a reference to them has arrived.
     * @param heldBytes    of these.
     */
    record Usage(int arrays, long bytes, long closingBytes, int held, long heldBytes)
    {
        long all()
        {
            return bytes + closingBytes + heldBytes;
        }
    }

    // Collects, and waits a moment for what that unmaps: forgotten arrays, and closed ones. True: something was.
    static boolean reclaim()
    {
        long before = usage().all();
        System.gc();
        drain(WORD_MS);
        return usage().all() < before;
    }

    private static void drain(long ms)
    {
        try
        {
            Lease.Watch watch = (Lease.Watch)QUEUE.remove(ms);
            while (watch != null)
            {
                watch.gone();
                watch = (Lease.Watch)QUEUE.poll();
            }
        }
        catch (InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    static synchronized void awaken()
    {
        if (keeper == null)
        {
            keeper = new Thread(null, Mappings::keep, "parallel-shared-0", 0, false);
            keeper.setDaemon(true);
            try
            {
                keeper.start();
            }
            catch (OutOfMemoryError e)
            {
                keeper = null;      // the system has no more threads: the next that awakens it makes another
            }
        }
    }

    private static void keep()
    {
        long patience = SOON_MS;
        try
        {
            while (patience > 0)
            {
                drain(patience);
                RetainedFiles.look();
                if (isCollectionDue())
                {
                    System.gc();
                }
                patience = patience();
            }
        }
        finally
        {
            ended(Thread.currentThread());
        }
    }

    // Also by an error, such as one of no memory: then the next that awakens it makes another.
    private static synchronized void ended(Thread thread)
    {
        if (keeper == thread)
        {
            keeper = null;
        }
    }

    private static synchronized boolean isClosing(Lease besides)
    {
        return LEASES.stream().anyMatch(lease -> lease != besides && lease.isClosed());
    }

    private static synchronized boolean isCollectionDue()
    {
        boolean due = isClosing(null) && attempts < ATTEMPTS && System.nanoTime() - nextAttempt >= 0;
        if (due)
        {
            attempts++;
            nextAttempt = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WORD_MS << attempts);
        }
        return due;
    }

    // How long the keeper may wait for the collector's word; 0: nothing is left to be done, its thread ends.
    private static synchronized long patience()
    {
        if (LEASES.isEmpty() && RetainedFiles.count() == 0)
        {
            keeper = null;
            return 0;
        }
        return isClosing(null) && attempts < ATTEMPTS ? SOON_MS : RetainedFiles.count() > 0 ? HOLDS_MS : IDLE_MS;
    }
}
