package parallel.runtime;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import parallel.ParallelException;
import parallel.ParallelException.Code;
import parallel.codec.Codec;
import parallel.codec.Destination;
import parallel.codec.ReaderCount;
import parallel.codec.UnserializableException;
import parallel.control.Errors;
import parallel.control.Frames;
import parallel.transport.MessageChannel;
import parallel.transport.Waiter;

/** The parent's half of a rendezvous: waits until workers have yielded, and releases all of them together. */
public final class Steps
{
    private final List<? extends WorkerHandle> workers;
    private final List<Offers> offers;
    private List<Offers.Offer> taken;

    private Steps(List<? extends WorkerHandle> workers)
    {
        this.workers = workers;
        this.offers = workers.stream().map(worker -> worker.life().offers()).toList();
    }

    /**
     * Waits until each of the workers has yielded, then hands over the message to each, which releases it.
     *
     * @param workers   each at most once.
     * @param message   any transferable value.
     * @param timeoutMs how long to wait, in milliseconds; a negative one means without limit.
     * @return what they have yielded, in order.
     * @throws InterruptedException if interrupted while blocked; none is released.
     * @throws ParallelException    CLOSED if one has ended, or the error of one that has failed, or TIMEOUT: none is
     *                              released. NOT_TRANSFERABLE of a message that cannot be sent: none is released; of
     *                              what was yielded and cannot be read here: all are.
     */
    public static List<Object> step(List<? extends WorkerHandle> workers, Object message, long timeoutMs)
        throws InterruptedException
    {
        if (new HashSet<>(workers).size() < workers.size())
        {
            throw Errors.badArgument("step takes each worker once: one that is there twice cannot yield twice.");
        }
        byte[] bytes = encode(workers, message);
        Steps steps = new Steps(workers);
        steps.await(timeoutMs);
        for (int i = 0; i < workers.size(); i++)
        {
            workers.get(i).life().control().tell(Frames.frame(Frames.STEP, steps.taken.get(i).number(), bytes));
        }
        List<Object> values = new ArrayList<>();
        for (Offers.Offer offer : steps.taken)
        {
            values.add(offer.decoded());
        }
        return values;
    }

    private static byte[] encode(List<? extends WorkerHandle> workers, Object message)
    {
        Destination destination = Group.farthest(workers);
        try
        {
            return destination.of(() -> ReaderCount.of(workers.size(), () -> Codec.toBytes(message)));
        }
        catch (UnserializableException e)
        {
            throw Errors.notTransferable(e);
        }
    }

    private void await(long timeoutMs) throws InterruptedException
    {
        List<MessageChannel> channels =
            workers.stream().map(ChannelPeer::channel).filter(Objects::nonNull).toList();
        if (!look() && !Waiter.await(channels, new Yields(channels), Group.deadline(timeoutMs), Waiter.For.STEP))
        {
            throw timedOut(timeoutMs);
        }
        if (taken == null)
        {
            throw Errors.ofGroup(workers.stream().filter(WorkerHandle::isDone).map(Steps::over).toList());
        }
    }

    /** That all have yielded, or one has ended. */
    private final class Yields implements Waiter.Condition
    {
        private final List<MessageChannel> channels;

        Yields(List<MessageChannel> channels)
        {
            this.channels = channels;
        }

        @Override
        public boolean getAsBoolean()
        {
            channels.forEach(MessageChannel::drain);
            return look();
        }

        @Override
        public boolean needs(MessageChannel channel)
        {
            return workers.stream().anyMatch(
                worker -> worker.channel() == channel && worker.life().offers().isEmpty());
        }
    }

    private boolean look()
    {
        if (workers.stream().anyMatch(WorkerHandle::isDone))
        {
            return true;
        }
        taken = Offers.takeFirst(offers);
        return taken != null;
    }

    private static ParallelException over(WorkerHandle worker)
    {
        ParallelException failure = worker.failure();
        return failure != null ? failure :
            Errors.closed(worker.who(), worker.name() + " has ended: it does not yield any more.");
    }

    private ParallelException timedOut(long timeoutMs) throws InterruptedException
    {
        if (workers.size() == 1)
        {
            return workers.get(0).timeoutError("step of", timeoutMs);
        }
        List<? extends WorkerHandle> late =
            workers.stream().filter(worker -> worker.life().offers().isEmpty()).toList();
        List<Integer> ids = late.stream().map(ChannelPeer::id).toList();
        return new ParallelException(Code.TIMEOUT, "The workers " + ids + " have not yielded within " + timeoutMs +
            " ms; none of the group is released.", Map.of("timeout-ms", timeoutMs, "late", ids, "status",
            late.stream().map(WorkerHandle::status).toList()), null);
    }
}
