package parallel.transport;

import java.nio.ByteBuffer;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLongArray;

/** Loops that are too hot for a test in Clojure. */
public final class Hammer
{
    private Hammer()
    {
    }

    private static long deadline(long seconds)
    {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    }

    /**
     * Sends the numbers from..to-1, 8 bytes each, or longer where the number says so; sometimes lets the other side
     * sleep.
     */
    public static void sendNumbers(MessageChannel channel, int from, int to, int longest, long seconds) throws Exception
    {
        long deadline = deadline(seconds);
        for (int n = from; n < to; n++)
        {
            if (channel.send(Bytes.payload(number(n, longest)), deadline) != MessageChannel.Sent.SENT)
            {
                throw new TimeoutException("sending " + n + " hangs");
            }
        }
    }

    private static byte[] number(int n, int longest)
    {
        byte[] bytes = new byte[n % 7 == 0 ? Math.max(8, n % longest) : 8];
        ByteBuffer.wrap(bytes).putLong(n);
        return bytes;
    }

    /** Receives until the end; counts each number. */
    public static void receiveNumbers(MessageChannel channel, AtomicLongArray counts, long seconds) throws Exception
    {
        long deadline = deadline(seconds);
        while (true)
        {
            Bytes.Arrived message = (Bytes.Arrived)channel.receive(Bytes.owning(), deadline);
            if (message != null)
            {
                counts.incrementAndGet((int)ByteBuffer.wrap(message.bytes()).getLong());
            }
            else if (channel.isEnded())
            {
                return;
            }
            else if (System.nanoTime() - deadline >= 0)
            {
                throw new TimeoutException("receiving hangs");
            }
        }
    }

    /** Answers each message with itself, after none or some waiting, so that both ends sleep and wake in all phases. */
    public static void echo(MessageChannel channel, int count, int jitter, long seconds) throws Exception
    {
        long deadline = deadline(seconds);
        for (int n = 0; n < count; n++)
        {
            Bytes.Arrived message = (Bytes.Arrived)channel.receive(Bytes.owning(), deadline);
            if (message == null)
            {
                throw new TimeoutException("the echo got no message " + n);
            }
            pause(jitter);
            channel.send(Bytes.payload(message.bytes()), deadline);
        }
    }

    /** The other side of an echo. */
    public static void call(MessageChannel channel, int count, int jitter, long seconds) throws Exception
    {
        long deadline = deadline(seconds);
        byte[] bytes = new byte[8];
        for (int n = 0; n < count; n++)
        {
            ByteBuffer.wrap(bytes).putLong(n);
            channel.send(Bytes.payload(bytes), deadline);
            Bytes.Arrived message = (Bytes.Arrived)channel.receive(Bytes.owning(), deadline);
            if (message == null || ByteBuffer.wrap(message.bytes()).getLong() != n)
            {
                throw new TimeoutException("no answer to " + n);
            }
            pause(jitter);
        }
    }

    /**
     * Bursts that put the receiver far behind, each followed by a wait for its answer, so that the receiver goes from
     * reading on to blocking again and again.
     */
    public static void bursts(MessageChannel channel, int count, int size, long seconds) throws Exception
    {
        long deadline = deadline(seconds);
        for (int n = 0; n < count; n++)
        {
            sendNumbers(channel, 0, size, 8, seconds);
            if (channel.receive(Bytes.owning(), deadline) == null)
            {
                throw new TimeoutException("no answer to burst " + n);
            }
            pause(60);
        }
    }

    /** The other side of the bursts. */
    public static void answerBursts(MessageChannel channel, int count, int size, long seconds) throws Exception
    {
        long deadline = deadline(seconds);
        for (int n = 0; n < count * size; n++)
        {
            Bytes.Arrived message = (Bytes.Arrived)channel.receive(Bytes.owning(), deadline);
            if (message == null || ByteBuffer.wrap(message.bytes()).getLong() != n % size)
            {
                throw new TimeoutException("not message " + n);
            }
            if (n % size == size - 1)
            {
                channel.send(Bytes.payload(message.bytes()), deadline);
            }
        }
    }

    /** Longer than the spinning now and then, up to so many microseconds. */
    private static void pause(int jitterMicros)
    {
        if (jitterMicros > 0)
        {
            long until = System.nanoTime() + ThreadLocalRandom.current().nextInt(jitterMicros) * 1000L;
            while (System.nanoTime() < until)
            {
                Thread.yield();
            }
        }
    }

    /** All that a channel offers, until it is retired. Returns how often. */
    public static long everything(MessageChannel channel, long seconds) throws Exception
    {
        long deadline = deadline(seconds);
        byte[] target = new byte[100_000];
        long rounds = 0;
        for (; !channel.isRetired() && System.nanoTime() < deadline; rounds++)
        {
            channel.trySend(Bytes.pattern(1, rounds % 3 == 0 ? 20_000 : 9));
            channel.tryReceive(rounds % 2 == 0 ? Bytes.owning() : Bytes.into(target));
            channel.drain();
            channel.drain();
            channel.isEnded();
            channel.status().messagesQueued();
            channel.status().doing("round " + rounds);
            channel.send(Bytes.pattern(2, 50_000), System.nanoTime() + 50_000);
            channel.receive(Bytes.owning(), System.nanoTime() + 50_000);
        }
        // Once more, when there is no memory any more.
        channel.trySend(Bytes.pattern(1, 9));
        channel.status().state(5);
        channel.sendEnd();
        return rounds;
    }
}
