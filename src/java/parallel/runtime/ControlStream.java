package parallel.runtime;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.control.Errors;
import parallel.control.Frames;
import parallel.control.RemoteError;
import parallel.control.Work;
import parallel.transport.Link;

/**
 * What a worker is told over control, in order, and its replies. Frames wait here until the worker is ready, and
 * evaluations until it has room for them. Safe from any thread.
 */
final class ControlStream
{
    private static final System.Logger LOG = System.getLogger("parallel");

    /** Whose stream it is. */
    interface Owner
    {
        /** Whether the worker's outcome is known: no reply will come any more. */
        boolean isOver();

        EndErrors errors();

        /** Of the kind that suits the caller's language. */
        Reply newReply(long number);

        /** A frame without which the worker cannot go on was lost. */
        void lose(Throwable e);

        /** Wakes the threads that wait for a reply. */
        void wake();
    }

    private final ChannelPeer handle;
    private final boolean forked;
    private final Owner owner;
    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, Reply> replies = new ConcurrentHashMap<>();
    private final CountDownLatch saidReady = new CountDownLatch(1);

    /** Frames for a worker that is not ready yet; null once it is. Guarded by this, as all below. */
    private List<ByteBuffer[]> pending = new ArrayList<>();
    private Link link;
    private boolean finishing;
    /** Evaluations that the worker has and those that are held here until it has room for them. */
    private final HeldFrames held = new HeldFrames();

    ControlStream(ChannelPeer handle, boolean forked, Owner owner)
    {
        this.handle = handle;
        this.forked = forked;
        this.owner = owner;
    }

    // ---- from connected to ended

    synchronized void connected(Link itsLink)
    {
        link = itsLink;
        flushPending();
    }

    synchronized boolean isConnected()
    {
        return link != null;
    }

    synchronized void saidReady(long maxHeapBytes)
    {
        held.limit(maxHeapBytes);
        saidReady.countDown();
        flushPending();
    }

    boolean awaitSaidReady(long ms) throws InterruptedException
    {
        return saidReady.await(ms, TimeUnit.MILLISECONDS);
    }

    /** Not while it may still have to be told what it is to do. */
    synchronized boolean isReady()
    {
        return saidReady.getCount() == 0 && link != null;
    }

    /** Whether all that was to be told it until it was ready was told. */
    synchronized boolean wasTold()
    {
        return pending == null;
    }

    long heapLimitBytes()
    {
        return held.heapBytes();
    }

    /**
     * What was told a worker that was not ready yet. It may say that it is before the call that connects it has
     * returned.
     */
    private void flushPending()
    {
        if (isReady() && pending != null)
        {
            List<ByteBuffer[]> frames = pending;
            pending = null;
            frames.forEach(this::tell);
        }
    }

    /**
     * Takes no more evaluations, and drops those that the worker does not have yet.
     *
     * @param before called first, under the lock of this stream.
     * @return true if the worker was told to stop; false: it was not ready to be told anything.
     */
    synchronized boolean stop(Runnable before)
    {
        before.run();
        finishing = true;
        held.clear();
        if (pending == null)
        {
            tell(Frames.frame(Frames.STOP));
        }
        return pending == null;
    }

    /** A forked worker that has nothing to do: called by {@link #stop}. */
    boolean hasNothingUnderWay(boolean isIdle)
    {
        // A cancelled evaluation that goes on is awaited by nobody, and is seen in the state.
        return forked && replies.isEmpty() && (pending != null || isIdle);
    }

    /** A forked worker is to end when it has done what it was given. */
    synchronized void finish()
    {
        if (!forked || finishing)
        {
            return;
        }
        Throwable failure = Threads.surely(() -> tell(Frames.frame(Frames.FINISH)));
        finishing = true;
        if (failure != null)
        {
            owner.lose(failure);
        }
    }

    synchronized void end()
    {
        pending = null;
        held.clear();
        link = link == null ? NoLink.INSTANCE : link;
        link.close();
    }

    void settleReplies()
    {
        replies.values().forEach(r -> r.fail(handle::endError));
        replies.clear();
    }

    // ---- what it is told

    synchronized void tell(ByteBuffer[] frame)
    {
        if (pending != null)
        {
            pending.add(frame);
        }
        else if (held.hold(frame))
        {
            sendHeld();
        }
        else
        {
            link.send(frame);
        }
    }

    Reply evaluate(byte kind, Work work)
    {
        Reply reply = newReply();
        if (work.failure() != null)
        {
            reply.fail(work::failure);
            return reply;
        }
        synchronized (this)
        {
            if (finishing)
            {
                reply.fail(this::takesNoMore);
                return reply;
            }
            if (expect(reply))
            {
                give(kind, reply, work);
            }
        }
        return reply;
    }

    private Reply newReply()
    {
        Reply reply = owner.newReply(numbers.incrementAndGet());
        reply.canceller(this::cancel);
        return reply;
    }

    private void give(byte kind, Reply reply, Work work)
    {
        try
        {
            tell(Frames.frame(kind, reply.number(), work.payload()));
        }
        catch (RuntimeException | Error e)
        {
            replies.remove(reply.number());
            held.remove(reply.number());
            reply.fail(() -> owner.errors().unsent(work.payload().length, e));
        }
    }

    private ParallelException takesNoMore()
    {
        ParallelException failure = handle.failure();
        return failure != null ? failure : Errors.closed(handle.who(),
            handle.name() +
            " was joined, dereferenced or stopped, and takes nothing more to evaluate: fork another one.");
    }

    Reply request(byte kind, byte[] payload)
    {
        Reply reply = newReply();
        if (expect(reply))
        {
            tell(Frames.frame(kind, reply.number(), payload));
        }
        return reply;
    }

    /** False: it has ended, and so has the reply. */
    private boolean expect(Reply reply)
    {
        replies.put(reply.number(), reply);
        if (!owner.isOver())
        {
            return true;
        }
        replies.remove(reply.number());
        reply.fail(handle::endError);
        return false;
    }

    /** Nobody waits for it any more. */
    void forget(Reply reply)
    {
        replies.remove(reply.number());
    }

    void cancel(Reply reply)
    {
        replies.remove(reply.number());
        synchronized (this)
        {
            if (!held.remove(reply.number()))
            {
                tell(Frames.frame(Frames.CANCEL, reply.number()));
                answered(reply.number());       // it may say nothing of it any more
            }
        }
        owner.wake();
    }

    // ---- its replies

    void replyError(ByteBuffer frame)
    {
        byte[] error = Frames.payload(frame);
        if (!Frames.isAwaited(Frames.number(frame)))
        {
            LOG.log(System.Logger.Level.WARNING,
                RemoteError.decode(error, handle.who(), "An everywhere form in " + handle.name(), false).getMessage());
            return;
        }
        reply(frame, r -> r.fail(() -> RemoteError.decode(error, handle.who(), handle.name(), false)));
    }

    /** First it is settled, then it is forgotten: what is in the map is settled by the end of the worker. */
    void reply(ByteBuffer frame, Consumer<Reply> what)
    {
        Reply reply = replies.get(Frames.number(frame));
        if (reply != null)
        {
            what.accept(reply);
            settled(reply);
        }
        answered(Frames.number(frame));
    }

    private void settled(Reply reply)
    {
        replies.remove(reply.number());
        owner.wake();
    }

    /** There is room for the next. */
    private synchronized void answered(long number)
    {
        held.answered(number);
        sendHeld();
    }

    private void sendHeld()
    {
        for (ByteBuffer[] next = held.next(); next != null; next = held.next())
        {
            try
            {
                if (held.exceedsHeap(next))
                {
                    long length = next[1].limit();
                    unsent(next, () -> owner.errors().tooLarge(length, held.heapBytes()));
                }
                else
                {
                    link.send(next);
                }
            }
            catch (RuntimeException | Error e)
            {
                long length = next[1].limit();
                if (!unsent(next, () -> owner.errors().unsent(length, e)))
                {
                    owner.lose(e);
                }
            }
        }
    }

    /** Who waits for an evaluation that cannot be sent hears so; false: without this frame the worker is lost. */
    private boolean unsent(ByteBuffer[] frame, Supplier<ParallelException> why)
    {
        long number = Frames.number(frame[0]);
        held.answered(number);
        Reply reply = replies.get(number);
        if (reply != null)
        {
            reply.fail(why);
            settled(reply);
        }
        return Frames.kind(frame[0]) == Frames.EXEC && Frames.isAwaited(number);
    }
}
