package parallel.pool;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

import com.sun.management.GarbageCollectionNotificationInfo;
import parallel.runtime.Context;

/**
 * Watches how much of a worker's heap is live. There are three hints, each of which may be garbage:
 *
 * <ul>
 * <li>what is in use after a collection, as the collectors say, on a thread of the JVM's;</li>
 * <li>what is in use of the old generation, where large arrays are made without any collection;</li>
 * <li>what is in use of the whole heap, where the last collection has left half of the bound or more: there may be no
 * other before there is no memory.</li>
 * </ul>
 *
 * So where a hint is above its bound, the thread that evaluates has everything collected, between two elements, and
 * believes what is in use then. It does so again when a fourth of what is free then has been filled. The last hint
 * alone, which all garbage is part of, may take a twentieth of the time; half of it in a worker that is outgrown.
 */
final class HeapWatch
{
    /** What was found of the heap; each is found once. */
    enum Level
    {
        OUTGROWN, FULL
    }

    /** Of what is free after a collection. */
    private static final int FILLED_AGAIN = 4;
    private static final long LOOK_EVERY_NANOS = 1_000_000;
    private static final int REST = 20;
    private static final int REST_OF_OUTGROWN = 2;

    private final Context context;
    private final long outgrown;
    private final long full;
    private final Set<String> heapPools = ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP).map(MemoryPoolMXBean::getName)
        .collect(Collectors.toSet());
    /** Null where the heap has no old generation of its own. */
    private final MemoryPoolMXBean old;
    /** After the last collection. */
    private volatile long used;
    /** As the next, of the thread that evaluates. */
    private Level found;
    private long hint;
    private long lastLook = System.nanoTime();
    private long restsUntil = lastLook;

    private HeapWatch(Context context, long outgrown, long full)
    {
        this.context = context;
        this.outgrown = outgrown;
        this.full = full;
        this.hint = outgrown;
        this.old = heapPools.size() == 1 ? null : ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> heapPools.contains(pool.getName()) && pool.isUsageThresholdSupported()).findFirst()
            .orElse(null);      // none but an old generation has thresholds
    }

    /**
     * Begins to watch the heap of this JVM.
     *
     * @param context  of the worker.
     * @param outgrown bytes from where on it is outgrown.
     * @param full     bytes from where on it is full.
     * @return the watch; null: an image built without jdk.management.
     */
    static HeapWatch begin(Context context, long outgrown, long full)
    {
        try
        {
            HeapWatch watch = new HeapWatch(context, outgrown, full);
            watch.listen();
            return watch;
        }
        catch (LinkageError withoutManagement)
        {
            System.err.println("parallel: max-heap-use has no effect: this JVM has no module jdk.management.");
            return null;
        }
    }

    private void listen()
    {
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans())
        {
            if (collector instanceof NotificationEmitter emitter)
            {
                emitter.addNotificationListener((notification, none) -> collected(notification), null, null);
            }
        }
    }

    private void collected(Notification notification)
    {
        if (notification.getType().equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION))
        {
            Map<String, MemoryUsage> after = GarbageCollectionNotificationInfo
                .from((CompositeData)notification.getUserData()).getGcInfo().getMemoryUsageAfterGc();
            long bytes = after.entrySet().stream().filter(pool -> heapPools.contains(pool.getKey()))
                .mapToLong(pool -> pool.getValue().getUsed()).sum();
            if (bytes > 0)      // those that are about a pause alone say nothing of the heap
            {
                used(bytes);
            }
        }
    }

    private void used(long bytes)
    {
        used = bytes;
        context.liveHeapBytes(bytes);
    }

    /**
     * Looks at what is live. Called between two elements, on the thread that evaluates; costs a look at the clock while
     * there is room.
     *
     * @return what was found and not been said before, or null.
     */
    Level look()
    {
        if (found == Level.FULL || used <= hint && !isCloselyFilled())
        {
            return null;
        }
        long began = System.nanoTime();
        long live = live();
        long ended = System.nanoTime();
        Level before = found;
        found = live > full ? Level.FULL : live > outgrown ? Level.OUTGROWN : before;
        restsUntil = ended + (ended - began) * (found == null ? REST : REST_OF_OUTGROWN);
        hint = Math.max(found == null ? outgrown : full,
            live + (Runtime.getRuntime().maxMemory() - live) / FILLED_AGAIN);
        return found == before ? null : found;
    }

    /** By the hints that are not told; looked at now and then. */
    private boolean isCloselyFilled()
    {
        long now = System.nanoTime();
        if (now - lastLook < LOOK_EVERY_NANOS)
        {
            return false;
        }
        lastLook = now;
        return old != null && old.getUsage().getUsed() > hint ||
            now - restsUntil >= 0 && used > hint / 2 && inUse() > hint;
    }

    private static long inUse()
    {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private long live()
    {
        System.gc();
        long live = inUse();
        used(live);
        return live;
    }
}
