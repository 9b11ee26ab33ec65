package parallel.child;

import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

import com.sun.management.GarbageCollectionNotificationInfo;
import com.sun.management.GarbageCollectorMXBean;
import com.sun.management.GcInfo;
import parallel.TimelineEntry.Kind;
import parallel.TimelineEntry.Outcome;
import parallel.runtime.Context;
import parallel.runtime.Threads;
import parallel.runtime.WorkRecord;
import parallel.transport.FlightRecord;

/**
 * Records the collections of this process that take 1 ms or more. The classes of the JDK that tell of them take tens of
 * milliseconds to load. So they are loaded once a collection was noticed while something was evaluated, on a thread of
 * their own. Looked at by one thread.
 */
final class Collections
{
    private final FlightRecord record;
    private long used;
    private boolean listening;

    Collections(FlightRecord record)
    {
        this.record = record;
    }

    /** Called now and then, while something is evaluated: what is in use gets less by a collection only. */
    void look()
    {
        if (!listening)
        {
            long before = used;
            used = ChildProcess.heapBytes();
            if (used < before)
            {
                listen();
            }
        }
    }

    private void listen()
    {
        try
        {
            Threads.start("parallel-collections-" + Context.ofProcess().id(), this::begin);
            listening = true;
        }
        catch (OutOfMemoryError e)
        {
            used = 0;       // the next look tries it again
        }
    }

    private void begin()
    {
        try
        {
            long zero = System.nanoTime() -
                TimeUnit.MILLISECONDS.toNanos(ManagementFactory.getRuntimeMXBean().getUptime());
            for (GarbageCollectorMXBean collector : ManagementFactory.getPlatformMXBeans(GarbageCollectorMXBean.class))
            {
                GcInfo last = collector.getLastGcInfo();
                if (last != null)
                {
                    add(collector.getName(), zero, last);
                }
                ((NotificationEmitter)collector).addNotificationListener((told, none) -> collected(zero, told), null,
                    null);
            }
        }
        catch (LinkageError withoutManagement)
        {
            // An image built without jdk.management tells nothing.
        }
    }

    private void collected(long zero, Notification told)
    {
        if (told.getType().equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION))
        {
            GarbageCollectionNotificationInfo info =
                GarbageCollectionNotificationInfo.from((CompositeData)told.getUserData());
            add(info.getGcName(), zero, info.getGcInfo());
        }
    }

    private void add(String name, long zero, GcInfo info)
    {
        if (info.getDuration() > 0)
        {
            record.add(WorkRecord.number(Kind.GC), new FlightRecord.Name(name),
                zero + TimeUnit.MILLISECONDS.toNanos(info.getStartTime()),
                zero + TimeUnit.MILLISECONDS.toNanos(info.getEndTime()), WorkRecord.number(Outcome.OK));
        }
    }
}
