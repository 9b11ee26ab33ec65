package parallel.runtime;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import parallel.ParallelException;
import parallel.ParallelException.Code;
import parallel.WorkerStatus;
import parallel.codec.Destination;
import parallel.codec.Encoder;
import parallel.codec.Messages;
import parallel.codec.ReaderCount;
import parallel.codec.UnserializableException;
import parallel.control.Errors;
import parallel.transport.Assembly;
import parallel.transport.ChannelCorruptException;
import parallel.transport.Groups;
import parallel.transport.MessageChannel;
import parallel.transport.MessageChannel.Sent;
import parallel.transport.Payload;
import parallel.transport.Reader;
import parallel.transport.Waiter;

/**
 * Calls on several peers at once. Time-outs are in milliseconds; a negative one means none. Safe from any thread.
 */
public final class Group
{
    /** Given back by a timed call when nothing came in time. */
    public static final Object TIMED_OUT = new Object();

    private static final Reader OWNING = Messages.inbox();

    private Group()
    {
    }

    static long deadline(long timeoutMs)
    {
        return timeoutMs < 0 ? ChannelPeer.FOREVER : ChannelPeer.deadline(timeoutMs, TimeUnit.MILLISECONDS);
    }

    private static List<MessageChannel> channels(List<? extends ChannelPeer> peers)
    {
        return peers.stream().map(ChannelPeer::channel).filter(Objects::nonNull).toList();
    }

    /**
     * The errors of several workers in one.
     *
     * @param errors at least one.
     * @return the one, or one of the code SEVERAL.
     */
    public static ParallelException together(List<ParallelException> errors)
    {
        return Errors.ofGroup(List.copyOf(errors));
    }

    private static void throwIfAny(List<ParallelException> errors)
    {
        if (!errors.isEmpty())
        {
            throw Errors.ofGroup(errors);
        }
    }

    /**
     * Sends one message, encoded once, to each; one slow member delays no other's copy.
     *
     * @param peers     the members.
     * @param value     the message.
     * @param timeoutMs how long to wait for room.
     * @throws InterruptedException if interrupted while blocked.
     * @throws ParallelException    after all members were served: of those that had ended, and TIMEOUT with {@code
     *     "unsent"}.
     */
    public static void send(List<? extends ChannelPeer> peers, Object value, long timeoutMs) throws InterruptedException
    {
        List<? extends ChannelPeer> open = peers.stream().filter(p -> p.channel() != null).toList();
        List<ParallelException> errors = new ArrayList<>();
        peers.stream().filter(p -> p.channel() == null).forEach(p -> errors.add(p.errors().unsent(p.isSendEnded())));
        List<Boolean> afterEnd = open.stream().map(ChannelPeer::isSendEnded).toList();
        List<ChannelPeer> unsent = new ArrayList<>();
        Encoder encoder = Encoder.acquire(farthest(open));
        try
        {
            Payload payload = ReaderCount.of(open.size(), () -> ChannelPeer.encode(encoder, value));
            Sent[] sent = sendAll(open, payload, deadline(timeoutMs));
            for (int i = 0; i < sent.length; i++)
            {
                if (sent[i] == Sent.ENDED)
                {
                    errors.add(open.get(i).errors().unsent(afterEnd.get(i)));
                }
                else if (sent[i] == Sent.NO_ROOM)
                {
                    unsent.add(open.get(i));
                }
            }
        }
        finally
        {
            encoder.release();
        }
        throwIfAny(errors);
        if (!unsent.isEmpty())
        {
            List<Integer> ids = unsent.stream().map(ChannelPeer::id).toList();
            throw new ParallelException(Code.TIMEOUT, "No room within " + timeoutMs +
                " ms in the rings to the workers " + ids +
                "; nothing of the message arrives there, the others have it.",
                Map.of("timeout-ms", timeoutMs, "unsent", ids, "status", statuses(unsent)), null);
        }
    }

    private static Sent[] sendAll(List<? extends ChannelPeer> peers, Payload payload, long deadlineNanos)
        throws InterruptedException
    {
        try (OncePerHost aside = new OncePerHost(peers, payload))
        {
            return Groups.sendAll(channels(peers), payload, aside.asides(), deadlineNanos);
        }
    }

    static Destination farthest(List<? extends ChannelPeer> peers)
    {
        return peers.stream().map(ChannelPeer::destination).max(Comparator.naturalOrder()).orElse(Destination.HERE);
    }

    private static List<WorkerStatus> statuses(List<ChannelPeer> peers)
    {
        return peers.stream().filter(WorkerHandle.class::isInstance).map(
            peer -> ((WorkerHandle)peer).status()).toList();
    }

    /**
     * One message from each, in order; nothing is taken unless every member has one.
     *
     * @param peers     the members.
     * @param timeoutMs how long to wait.
     * @param none      put where nothing came in time.
     * @return the messages.
     * @throws InterruptedException if interrupted while blocked; nothing is taken.
     * @throws ParallelException    if a member has ended with nothing left; nothing is taken.
     */
    public static List<Object> receive(
        List<? extends ChannelPeer> peers, long timeoutMs, Object none) throws InterruptedException
    {
        throwIfAny(peers.stream().filter(p -> p.channel() == null).map(ChannelPeer::endError).toList());
        List<MessageChannel> channels = channels(peers);
        Assembly[] messages;
        try
        {
            messages = takeAll(peers, channels, timeoutMs);
        }
        catch (UnserializableException e)
        {
            throw Errors.notTransferable(e);
        }
        catch (OutOfMemoryError e)
        {
            throw Errors.noMemory(peers.get(0).who(), "a message of each of a group", e);
        }
        catch (ChannelCorruptException e)
        {
            throw corrupt(peers, e);
        }
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < messages.length; i++)
        {
            values.add(messages[i] == null ? none : peers.get(i).decode(messages[i]));
        }
        return values;
    }

    private static Assembly[] takeAll(
        List<? extends ChannelPeer> peers, List<MessageChannel> channels, long timeoutMs) throws InterruptedException
    {
        Assembly[] messages = Groups.receiveAll(channels, OWNING, deadline(timeoutMs),
            () -> channels.stream().anyMatch(MessageChannel::isEnded));
        if (messages != null)
        {
            return messages;
        }
        throwIfAny(peers.stream().filter(p -> p.channel().isEnded()).map(ChannelPeer::endError).toList());
        return Groups.pollAll(channels, OWNING);
    }

    private static ParallelException corrupt(
        List<? extends ChannelPeer> peers, ChannelCorruptException e) throws InterruptedException
    {
        for (ChannelPeer peer : peers)
        {
            if (peer.channel() == e.channel())
            {
                return peer.foundCorrupt(e);
            }
        }
        throw e;
    }

    /**
     * The first message of any of the peers; the turn starts after the peer that was served last.
     *
     * @param peers     the peers.
     * @param timeoutMs how long to wait.
     * @return peer and message; null when all have ended normally; {@link #TIMED_OUT}.
     * @throws InterruptedException if interrupted while blocked.
     * @throws ParallelException    of a peer that failed, when none has a message.
     */
    public static Object select(List<? extends ChannelPeer> peers, long timeoutMs) throws InterruptedException
    {
        Selection selection = new Selection(inTurn(peers));
        if (!selection.look() &&
            !Waiter.await(channels(peers), selection::look, deadline(timeoutMs), Waiter.For.SELECT))
        {
            return TIMED_OUT;
        }
        if (selection.peer == null)
        {
            throwIfAny(selection.errors);
            return null;
        }
        Context.current().served(selection.peer.id());
        return new Object[]{selection.peer, selection.peer.decode(selection.message)};
    }

    private static List<ChannelPeer> inTurn(List<? extends ChannelPeer> peers)
    {
        int last = Context.current().lastServed();
        List<ChannelPeer> turn = new ArrayList<>(peers);
        for (int i = 0; i < peers.size(); i++)
        {
            if (peers.get(i).id() == last)
            {
                Collections.rotate(turn, -i - 1);
                break;
            }
        }
        return turn;
    }

    /** One look at all peers after another, until one has a message, one has failed, or all have ended. */
    private static final class Selection
    {
        private final List<ChannelPeer> peers;
        private final List<ParallelException> errors = new ArrayList<>();
        private ChannelPeer peer;
        private Assembly message;

        Selection(List<ChannelPeer> peers)
        {
            this.peers = peers;
        }

        boolean look()
        {
            boolean allEnded = true;
            errors.clear();
            for (ChannelPeer candidate : peers)
            {
                MessageChannel channel = candidate.channel();
                Assembly next = channel == null ? null : candidate.poll(OWNING);
                if (next != null)
                {
                    peer = candidate;
                    message = next;
                    return true;
                }
                boolean ended = channel == null || candidate.isOver();
                allEnded &= ended;
                if (ended && candidate.overFailure() != null)
                {
                    errors.add(candidate.overFailure());
                }
            }
            return allEnded || !errors.isEmpty();
        }
    }

    /**
     * Waits until all have ended, or one has failed.
     *
     * @param workers   any workers.
     * @param timeoutMs how long to wait.
     * @param value     of one that has ended.
     * @return their values in order; null if they have not ended in time.
     * @throws InterruptedException if interrupted while blocked.
     * @throws ParallelException    of every worker that has failed by then; the others go on.
     */
    public static List<Object> join(List<? extends WorkerHandle> workers, long timeoutMs,
        Function<WorkerHandle, Object> value) throws InterruptedException
    {
        workers.forEach(worker -> worker.life().control().finish());
        if (!joined(workers) &&
            !Waiter.await(channels(workers), new Ends(workers), deadline(timeoutMs), Waiter.For.JOIN))
        {
            return null;
        }
        throwIfAny(workers.stream().filter(WorkerHandle::isDone).map(WorkerHandle::failure).filter(
            Objects::nonNull).toList());
        List<Object> values = new ArrayList<>();
        workers.forEach(worker -> values.add(value.apply(worker)));
        return values;
    }

    /** The ends of all, or of one that has failed. */
    private record Ends(List<? extends WorkerHandle> workers) implements Waiter.Condition
    {
        @Override
        public boolean getAsBoolean()
        {
            channels(workers).forEach(MessageChannel::drain);
            return joined(workers);
        }

        @Override
        public boolean needs(MessageChannel channel)
        {
            return workers.stream().anyMatch(worker -> worker.channel() == channel && !worker.isDone());
        }
    }

    private static boolean joined(List<? extends WorkerHandle> workers)
    {
        return workers.stream().allMatch(WorkerHandle::isDone) ||
            workers.stream().anyMatch(w -> w.isDone() && w.failure() != null);
    }

    /**
     * Stops the workers side by side.
     *
     * @param workers any workers.
     */
    public static void stop(List<? extends WorkerHandle> workers)
    {
        StopLadder.stop(List.copyOf(workers), -1);
    }
}
