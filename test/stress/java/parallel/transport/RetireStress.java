package parallel.transport;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.List;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

import parallel.transport.MessageChannel.Sent;
import parallel.transport.Waiter.For;

/**
 * Unmapping against use. Every case has a mapping of its own, which really goes: a use after that is an exception, as
 * the buffers are wrapped around nothing, or the end of the JVM; both fail the test.
 * <p>
 * Seen on x86: when {@code MessageChannel.retire} does not take the send lock, AgainstSend fails with an
 * IndexOutOfBoundsException or a SIGSEGV; when it wakes nobody, AgainstSleep does.
 */
public final class RetireStress
{
    private RetireStress()
    {
    }

    /** The second mapping of a pooled file, and the channels on it. */
    static final class Mapped
    {
        final Wire wire = new Wire();
        final PairFile pair = Pairs.mapAgain(wire.pair);
        final LocalBell[] bells = LocalBell.pair();
        final MessageChannel parent = channel(Side.PARENT, bells[0]);

        MessageChannel channel(Side side, LocalBell bell)
        {
            MessageChannel channel = new MessageChannel(pair, side, bell, Wire.INBOX_BYTES, Seen.READER);
            bell.attach(channel);
            return channel;
        }

        void giveBack()
        {
            Wire.require(parent.isRetired());
            Wire.require(pair.header().capacity() == 0);
            wire.giveBack();
        }
    }

    /** A send. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Sent before.")
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Refused after.")
    @Outcome(expect = FORBIDDEN, desc = "What is said of the message is wrong.")
    @State
    public static class AgainstSend
    {
        private final Mapped mapped = new Mapped();

        @Actor
        public void sender(II_Result r)
        {
            r.r1 = Wire.number(mapped.parent.trySend(new Filled(Wire.LARGEST, 1)) == Sent.SENT);
            mapped.parent.sendEnd();
        }

        @Actor
        public void ender()
        {
            mapped.parent.retire();
        }

        @Arbiter
        public void after(II_Result r)
        {
            r.r2 = Wire.receive(mapped.wire.child);
            mapped.giveBack();
        }
    }

    /** A receive: the message is there before the end or after it, once. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Received before, or from what was kept.")
    @Outcome(expect = FORBIDDEN, desc = "Lost, or received twice.")
    @State
    public static class AgainstReceive
    {
        private final Mapped mapped = new Mapped();

        public AgainstReceive()
        {
            Wire.require(mapped.wire.child.trySend(new Filled(Wire.LARGEST, 1)) == Sent.SENT);
        }

        @Actor
        public void receiver(II_Result r)
        {
            mapped.parent.drain();
            r.r1 = Wire.receive(mapped.parent);
            mapped.parent.isEnded();
        }

        @Actor
        public void ender()
        {
            mapped.parent.retire();
        }

        @Arbiter
        public void after(II_Result r)
        {
            r.r2 = Wire.receive(mapped.parent);
            Wire.require(mapped.parent.isEnded());
            mapped.giveBack();
        }
    }

    /** A thread that is about to sleep: it sees the end. Its waiting flags lie in the memory, too. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Ended before the last look.")
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = "Not ended yet, but woken.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Ended before the last look, and woken.")
    @Outcome(expect = FORBIDDEN, desc = "Neither: the wake-up is lost.")
    @State
    public static class AgainstSleep
    {
        private final Mapped mapped = new Mapped();
        private final List<MessageChannel> alone = List.of(mapped.parent);
        private final Parker parker = new Parker(alone);

        @Actor
        public void receiver(II_Result r)
        {
            mapped.parent.parkers().enter(parker);
            parker.listen();
            Waiter.announce(alone, For.ROOM);
            r.r1 = Wire.number(mapped.parent.isEnded());
            mapped.parent.receiver().clearWaitingFlags();
        }

        @Actor
        public void ender()
        {
            mapped.parent.retire();
        }

        @Arbiter
        public void after(II_Result r)
        {
            long start = System.nanoTime();
            parker.sleep(start + 20_000_000);
            r.r2 = Wire.number(System.nanoTime() - start < 20_000_000);
            parker.close();
            mapped.giveBack();
        }
    }

    /** Two ends on one mapping, as those of a thread worker: the last one that leaves unmaps. */
    @JCStressTest
    @Outcome(id = "[01]", expect = ACCEPTABLE, desc = "Received, or retired before it came.")
    @Outcome(expect = FORBIDDEN, desc = "Not what was sent.")
    @State
    public static class OneMappingTwoEnds
    {
        private final Mapped mapped = new Mapped();
        private final MessageChannel child = mapped.channel(Side.CHILD, mapped.bells[1]);

        @Actor
        public void parent()
        {
            mapped.parent.trySend(new Filled(Wire.LARGEST, 1));
            mapped.parent.retire();
        }

        @Actor
        public void child(I_Result r)
        {
            r.r1 = Wire.receive(child);
            child.retire();
        }

        @Arbiter
        public void after()
        {
            mapped.giveBack();
        }
    }

    /** The status page is read at any time; after the unmapping it is a copy. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "As it was written, before and after.")
    @Outcome(expect = FORBIDDEN, desc = "Something else.")
    @State
    public static class AgainstStatus
    {
        private final Mapped mapped = new Mapped();

        public AgainstStatus()
        {
            mapped.wire.pair.status().state(1);
        }

        @Actor
        public void reader(II_Result r)
        {
            mapped.parent.status().doing("x");
            r.r1 = mapped.parent.status().state();
        }

        @Actor
        public void ender()
        {
            mapped.parent.retire();
        }

        @Arbiter
        public void after(II_Result r)
        {
            r.r2 = mapped.parent.status().state();
            mapped.giveBack();
        }
    }
}
