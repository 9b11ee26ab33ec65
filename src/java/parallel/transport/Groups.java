package parallel.transport;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

import parallel.transport.MessageChannel.Sent;

/** Sends to and receives from several channels at once. Safe from any thread. */
public final class Groups
{
    private static final AtomicLong ORDER = new AtomicLong();

    private Groups()
    {
    }

    static long nextOrder()
    {
        return ORDER.incrementAndGet();
    }

    /**
     * Sends one message to each member; no member's slowness delays another's copy.
     *
     * @param members       the channels; one listed twice gets it twice.
     * @param payload       the message, encoded once.
     * @param asides        of each member: the other way by which the message goes to it; null: through its ring.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @return what became of it, per member.
     * @throws InterruptedException when interrupted while waiting; members that have it all keep it.
     */
    public static Sent[] sendAll(List<MessageChannel> members, Payload payload, Aside[] asides, long deadlineNanos)
        throws InterruptedException
    {
        Outgoing[] messages = new Outgoing[members.size()];
        for (int i = 0; i < messages.length; i++)
        {
            messages[i] = new Outgoing(payload);
        }
        try
        {
            if (messages.length > 0)
            {
                Waiter.await(distinct(members), new Sending(members, messages, asides), deadlineNanos, Waiter.For.ROOM);
            }
        }
        finally
        {
            for (int i = 0; i < messages.length; i++)
            {
                members.get(i).sender().withdraw(messages[i]);
            }
        }
        return results(messages);
    }

    /** A message for each member, until all are in their rings. */
    private record Sending(List<MessageChannel> members, Outgoing[] messages, Aside[] asides)
        implements Waiter.Condition
    {
        @Override
        public boolean getAsBoolean()
        {
            boolean done = true;
            for (int i = 0; i < messages.length; i++)
            {
                done &= messages[i].result != null || offer(members.get(i), messages[i], asides[i]);
            }
            return done;
        }

        private static boolean offer(MessageChannel member, Outgoing message, Aside aside)
        {
            return aside == null || aside.state() == Aside.State.FAILED ? member.offer(message) :
                member.offerAside(message, aside);
        }

        @Override
        public boolean needs(MessageChannel channel)
        {
            boolean needs = false;
            for (int i = 0; i < messages.length; i++)
            {
                needs |= members.get(i) == channel && messages[i].result == null;
            }
            return needs;
        }
    }

    private static Sent[] results(Outgoing[] messages)
    {
        Sent[] results = new Sent[messages.length];
        for (int i = 0; i < results.length; i++)
        {
            results[i] = messages[i].result == null ? Sent.NO_ROOM : messages[i].result;
        }
        return results;
    }

    /**
     * One message from each member, all at once: nothing is taken unless each has one, also when other threads receive.
     *
     * @param members       the channels; one listed k times gives k messages.
     * @param reader        asked to accept each message.
     * @param deadlineNanos of {@link System#nanoTime}, {@link Long#MAX_VALUE} for none.
     * @param stop          true: give up, as when a member has ended; called by this thread alone, holding no lock.
     * @return the messages in the order of the members, REFUSED for each that the reader refused (then nothing is
     *     taken); null: timed out or stopped, and nothing is taken.
     * @throws InterruptedException    when interrupted while waiting; nothing is taken.
     * @throws ChannelCorruptException when what is next in a member is no message; no message is taken.
     */
    public static Assembly[] receiveAll(
        List<MessageChannel> members, Reader reader, long deadlineNanos,
        BooleanSupplier stop) throws InterruptedException
    {
        if (members.isEmpty())
        {
            return new Assembly[0];
        }
        Gathering gathering = new Gathering(members, reader, stop);
        Waiter.await(gathering.distinct, gathering, deadlineNanos, Waiter.For.RECEIVE);
        return gathering.messages;
    }

    /** A receive of one message from each member. */
    private static final class Gathering implements Waiter.Condition
    {
        private final List<MessageChannel> members;
        private final List<MessageChannel> distinct;
        private final Map<MessageChannel, Integer> wanted = new HashMap<>();
        private final Reader reader;
        private final BooleanSupplier stop;
        private Assembly[] messages;

        Gathering(List<MessageChannel> members, Reader reader, BooleanSupplier stop)
        {
            this.members = members;
            this.distinct = distinct(members);
            this.reader = reader;
            this.stop = stop;
            members.forEach(member -> wanted.merge(member, 1, Integer::sum));
        }

        @Override
        public boolean getAsBoolean()
        {
            messages = takeAll();
            return messages != null || stop.getAsBoolean();
        }

        private Assembly[] takeAll()
        {
            int locked = 0;
            try
            {
                for (; locked < distinct.size(); locked++)
                {
                    distinct.get(locked).receiver().receiveLock().lock();
                }
                for (MessageChannel member : distinct)
                {
                    member.receiver().inbound().drain(wanted.get(member));
                }
                return takeLocked(members, reader);
            }
            finally
            {
                while (locked > 0)
                {
                    distinct.get(--locked).receiver().receiveLock().unlock();
                }
            }
        }

        @Override
        public boolean needs(MessageChannel channel)
        {
            Receiver receiver = channel.receiver();
            receiver.receiveLock().lock();
            try
            {
                return receiver.inbound().look(reader, wanted.get(channel) - 1) == null;
            }
            finally
            {
                receiver.receiveLock().unlock();
            }
        }
    }

    private static Assembly[] takeLocked(List<MessageChannel> members, Reader reader)
    {
        Map<MessageChannel, Integer> seen = new HashMap<>();
        Assembly[] shown = new Assembly[members.size()];
        boolean refused = false;
        for (int i = 0; i < shown.length; i++)
        {
            int n = seen.merge(members.get(i), 1, Integer::sum) - 1;
            shown[i] = members.get(i).receiver().inbound().look(reader, n);
            if (shown[i] == null)
            {
                return null;
            }
            refused |= shown[i] == MessageChannel.REFUSED;
        }
        if (!refused)
        {
            members.forEach(member -> member.receiver().takeShown());
        }
        return shown;
    }

    /**
     * From each member what there is now. Never blocks.
     *
     * @param members the channels; one listed k times gives up to k messages.
     * @param reader  says where they go.
     * @return in the order of the members, null where nothing was.
     */
    public static Assembly[] pollAll(List<MessageChannel> members, Reader reader)
    {
        Assembly[] messages = new Assembly[members.size()];
        for (int i = 0; i < messages.length; i++)
        {
            messages[i] = members.get(i).tryReceive(reader);
        }
        return messages;
    }

    // Each channel once, in the global order of locks.
    private static List<MessageChannel> distinct(List<MessageChannel> members)
    {
        List<MessageChannel> distinct = new ArrayList<>(new LinkedHashSet<>(members));
        distinct.sort(Comparator.comparingLong(MessageChannel::order));
        return distinct;
    }
}
