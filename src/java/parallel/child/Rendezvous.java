package parallel.child;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.control.Errors;
import parallel.control.Frames;
import parallel.transport.MessageChannel;
import parallel.transport.Waiter;

/**
 * The worker's half of a rendezvous: gives a value to the parent, and waits until it steps. Who is interrupted
 * withdraws the value, and hears from the parent whether that came in time.
 */
final class Rendezvous
{
    private final Consumer<ByteBuffer[]> up;
    private final Map<Long, Exchange> waiting = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();
    private volatile boolean over;

    // up: to the parent.
    Rendezvous(Consumer<ByteBuffer[]> up)
    {
        this.up = up;
    }

    /** A value that was given, until its answer is here. */
    private static final class Exchange
    {
        private final MessageChannel channel;
        private volatile Supplier<byte[]> answer;

        Exchange(MessageChannel channel)
        {
            this.channel = channel;
        }

        /** The first counts. */
        synchronized void answer(Supplier<byte[]> itsAnswer)
        {
            answer = answer == null ? itsAnswer : answer;
            channel.wakeLocal();
        }

        void await(Waiter.For what) throws InterruptedException
        {
            Waiter.await(List.of(channel), () ->
            {
                channel.drain();
                return answer != null;
            }, Long.MAX_VALUE, what);
        }
    }

    /** Why there is no answer. */
    private static final class Withdrawn extends RuntimeException
    {
        private static final long serialVersionUID = 1L;
    }

    // Codec bytes each way. Takes messages into the inbox of the channel, which is the parent's, meanwhile.
    byte[] exchange(byte[] value, MessageChannel channel) throws InterruptedException
    {
        long number = numbers.incrementAndGet();
        Exchange exchange = new Exchange(channel);
        waiting.put(number, exchange);
        try
        {
            if (over)
            {
                throw closed();
            }
            up.accept(Frames.frame(Frames.YIELD, number, value));
            try
            {
                exchange.await(Waiter.For.YIELD);
            }
            catch (InterruptedException e)
            {
                up.accept(Frames.frame(Frames.WITHDRAW, number));
                return afterAll(exchange, e);
            }
            catch (ParallelException e)     // it waits without limit
            {
                up.accept(Frames.frame(Frames.WITHDRAW, number));
                return afterAll(exchange, e);
            }
            return exchange.answer.get();
        }
        finally
        {
            waiting.remove(number);
        }
    }

    /** Whose wait was cut short when the parent had stepped already has been released; else it never yielded. */
    private static <E extends Exception> byte[] afterAll(Exchange exchange, E cut) throws E
    {
        boolean interrupted = cut instanceof InterruptedException;
        while (true)
        {
            try
            {
                exchange.await(Waiter.For.ANYTHING);
                break;
            }
            catch (InterruptedException e)
            {
                interrupted = true;
                cut.addSuppressed(e);
            }
        }
        try
        {
            byte[] answer = exchange.answer.get();
            if (interrupted)
            {
                Thread.currentThread().interrupt();
            }
            return answer;
        }
        catch (Withdrawn e)
        {
            throw cut;
        }
    }

    // A STEP frame, whose payload is the parent's message.
    void stepped(ByteBuffer frame)
    {
        byte[] message = Frames.payload(frame);
        answer(frame, () -> message);
    }

    // The parent has not stepped, and will not for this one.
    void withdrawn(ByteBuffer frame)
    {
        answer(frame, () ->
        {
            throw new Withdrawn();
        });
    }

    // The parent has stepped, and its message is lost.
    void failed(ByteBuffer frame, Error why)
    {
        answer(frame, () ->
        {
            throw why;
        });
    }

    private void answer(ByteBuffer frame, Supplier<byte[]> answer)
    {
        Exchange exchange = waiting.get(Frames.number(frame));
        if (exchange != null)
        {
            exchange.answer(answer);
        }
    }

    // The parent is gone: nobody steps any more.
    void end()
    {
        over = true;
        waiting.values().forEach(exchange -> exchange.answer(() ->
        {
            throw closed();
        }));
    }

    private static ParallelException closed()
    {
        return Errors.closed(Map.of(), "The parent has ended: it does not step any more.");
    }
}
