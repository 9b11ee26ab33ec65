package parallel.transport;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

import parallel.transport.MessageChannel.Sent;

/**
 * The whole way, sleep included: spin, yields, parker. What it waits for comes at some moment of that; a call that
 * sleeps on sleeps until its deadline.
 * <p>
 * Seen on x86: with a bell that is not rung, sleeps until the deadline.
 */
public final class SleepStress
{
    private static final String LOST = "Slept until the deadline.";
    private static final int LATEST_NANOS = 100_000;

    private SleepStress()
    {
    }

    /** Both ends on a pooled file, with bells that wake. */
    static final class Local
    {
        final Wire wire = new Wire();
        final LocalBell[] bells = LocalBell.pair();
        final MessageChannel parent = channel(Side.PARENT, bells[0]);
        final MessageChannel child = channel(Side.CHILD, bells[1]);

        private MessageChannel channel(Side side, LocalBell bell)
        {
            MessageChannel channel = new MessageChannel(wire.pair, side, bell, Wire.INBOX_BYTES, Seen.READER);
            bell.attach(channel);
            return channel;
        }

        // As {@link Wire#receive}, but it waits.
        int receive()
        {
            try
            {
                long deadline = deadline();
                return inTime(deadline, Seen.verdict(child.receive(Seen.READER, deadline)));
            }
            catch (InterruptedException e)
            {
                throw new AssertionError(e);
            }
        }

        int send()
        {
            try
            {
                long deadline = deadline();
                return inTime(deadline, Wire.number(parent.send(new Filled(Wire.LARGEST, 1), deadline) == Sent.SENT));
            }
            catch (InterruptedException e)
            {
                throw new AssertionError(e);
            }
        }

        void giveBack()
        {
            parent.retire();
            child.retire();
            wire.giveBack();
        }
    }

    private static long deadline()
    {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
    }

    // A sleep that lasts until the deadline finds what it waited for, too.
    private static int inTime(long deadlineNanos, int result)
    {
        return System.nanoTime() - deadlineNanos < 0 ? result : 0;
    }

    private static void pause()
    {
        long until = System.nanoTime() + ThreadLocalRandom.current().nextInt(LATEST_NANOS);
        while (System.nanoTime() < until)
        {
            Thread.onSpinWait();
        }
    }

    /** A receive. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "Received.")
    @Outcome(expect = FORBIDDEN, desc = LOST)
    @State
    public static class Receive
    {
        private final Local local = new Local();

        @Actor
        public void receiver(I_Result r)
        {
            r.r1 = local.receive();
        }

        @Actor
        public void sender()
        {
            pause();
            local.parent.trySend(new Filled(8, 1));
        }

        @Arbiter
        public void after()
        {
            local.giveBack();
        }
    }

    /** A send into a ring that is full. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = "Sent.")
    @Outcome(expect = FORBIDDEN, desc = LOST)
    @State
    public static class Send
    {
        private final Local local = new Local();

        public Send()
        {
            while (local.parent.trySend(new Filled(Wire.LARGEST, 1)) == Sent.SENT)
            {
                continue;
            }
        }

        @Actor
        public void sender(I_Result r)
        {
            r.r1 = local.send();
        }

        @Actor
        public void receiver()
        {
            pause();
            local.child.tryReceive(Seen.READER);
        }

        @Arbiter
        public void after()
        {
            local.giveBack();
        }
    }
}
