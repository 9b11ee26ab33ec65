package parallel.hosts;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import parallel.codec.Codec;
import parallel.control.Frames;
import parallel.relay.RelayFrames;
import parallel.runtime.Carrier;
import parallel.transport.Aside.State;
import parallel.transport.MessageChannel;

/**
 * The messages that go to one host once for several of its workers, until the last of these has it in its ring. Safe
 * from any thread.
 */
final class BulkMessages implements Carrier
{
    /**
     * So much may wait in the memory of the host for workers that do not receive; one longer message may. What is more
     * goes through the rings, whose senders wait.
     */
    private static final long MOST_BYTES = 256L << 20;
    /** They are the names of streams as well, and 0 is no message's. */
    private static final AtomicLong NUMBERS = new AtomicLong();

    private final int host;
    private final LinkJvm linkJvm;
    private final Predicate<Integer> isThere;
    /** By number. The lock for each of them as well, which is taken before that of the host's places. */
    private final Map<Long, Bulk> bulks = new TreeMap<>();
    private boolean isOver;

    /**
     * Of a host that has had none.
     *
     * @param host    its number.
     * @param linkJvm that brings them there.
     * @param isThere whether a worker of that id lives there: once it has ended {@link #left} is called.
     */
    BulkMessages(int host, LinkJvm linkJvm, Predicate<Integer> isThere)
    {
        this.host = host;
        this.linkJvm = linkJvm;
        this.isThere = isThere;
    }

    private final class Bulk implements Carried
    {
        private final long number = NUMBERS.incrementAndGet();
        private final long bytes;
        private final List<MessageChannel> members;
        /** Those who are to have it, and may not have it yet. */
        private final Set<Integer> workers;
        private volatile State state = State.UNDER_WAY;

        Bulk(long bytes, List<MessageChannel> members)
        {
            this.bytes = bytes;
            this.members = members;
            this.workers = members.stream().map(MessageChannel::peer).collect(Collectors.toCollection(TreeSet::new));
        }

        @Override
        public State state()
        {
            return state;
        }

        @Override
        public long number()
        {
            return number;
        }

        @Override
        public void withdraw(List<Integer> its)
        {
            its.forEach(worker -> drop(this, worker));
        }

        private int[] ids()
        {
            return workers.stream().mapToInt(Integer::intValue).toArray();
        }

        /** Whoever sends it looks again. */
        private void there()
        {
            state = State.THERE;
            members.forEach(MessageChannel::wakeLocal);
        }

        /** It is not kept any more; if nobody has it yet nobody will. */
        private void end()
        {
            bulks.remove(number);
            if (state == State.UNDER_WAY)
            {
                state = State.FAILED;
                members.forEach(MessageChannel::wakeLocal);
            }
        }
    }

    @Override
    public Carried carry(Path message, List<MessageChannel> members)
    {
        long bytes = message.toFile().length();
        synchronized (bulks)
        {
            long kept = bulks.values().stream().mapToLong(each -> each.bytes).sum();
            if (isOver || kept > 0 && kept + bytes > MOST_BYTES ||
                !members.stream().map(MessageChannel::peer).allMatch(isThere))
            {
                return null;
            }
            Bulk bulk = new Bulk(bytes, members);
            bulks.put(bulk.number, bulk);
            send(RelayFrames.BULK, bulk.number, message.toString(), bytes, bulk.ids());
            return bulk;
        }
    }

    private void send(byte kind, Object... what)
    {
        linkJvm.send(Frames.frame(kind, host, Codec.toBytes(what)));
    }

    /** What the agent says of one. */
    void heard(Map<String, Object> what)
    {
        synchronized (bulks)
        {
            long number = (Long)what.get("message");
            Bulk bulk = bulks.get(number);
            if (bulk == null)
            {
                return;
            }
            if (RelayFrames.THERE.equals(what.get("is")))
            {
                bulk.there();
            }
            else
            {
                bulk.end();
            }
        }
    }

    private void drop(Bulk bulk, Integer worker)
    {
        synchronized (bulks)
        {
            if (bulks.containsKey(bulk.number) && bulk.workers.remove(worker))
            {
                send(RelayFrames.BULK_WITHDRAWN, bulk.number, new int[]{ worker });
                if (bulk.workers.isEmpty())
                {
                    bulk.end();
                }
            }
        }
    }

    /** It has ended, and takes nothing any more. */
    void left(int worker)
    {
        synchronized (bulks)
        {
            List.copyOf(bulks.values()).forEach(bulk -> drop(bulk, worker));
        }
    }

    /** The host is gone. */
    void over()
    {
        synchronized (bulks)
        {
            isOver = true;
            List.copyOf(bulks.values()).forEach(Bulk::end);
        }
    }
}
