package parallel.transport;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE_INTERESTING;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

import parallel.transport.MessageChannel.Sent;
import parallel.transport.Waiter.For;

/**
 * The lost wake-up: one side says that it is about to sleep and looks once more, the other changes what is looked at
 * and then looks whether somebody sleeps. One of them must see the other.
 * <p>
 * The sleep itself is left out: who has not found anything and is not rung for would sleep.
 * <p>
 * Seen on x86 (2 cores): without the fence in {@code WakeFlags.takeFlag}, Message lost 71 wake-ups in some 200,000
 * cases, Room 52 in 650,000, End a few. Without the fence in {@code Waiter.announce} nothing is lost there, as the last
 * look begins with the compare-and-set of a lock, which is a fence on x86; elsewhere it need not be. FarBehind does
 * lose some of the wake-ups whose fence is left out, one in 2000; without {@code streamed = true} in {@code
 * WakeFlags.stopStreaming} those are forbidden outcomes, as they were in FarBehindWithoutSleep while only the
 * first to announce itself was told to sleep shortly.
 */
public final class DoorbellStress
{
    private static final String FOUND = "The last look finds it: no sleep.";
    private static final String WOKEN = "The bell was rung: the sleep ends.";
    private static final String LOST = "Nothing found, and nobody rings: the wake-up is lost.";

    /** It takes long until so much is visible, and its commit with it. */
    private static final int SEVERAL_LINES = 250;

    private DoorbellStress()
    {
    }

    /** A message for a receiver. */
    @JCStressTest
    @Outcome(id = "1, [01]", expect = ACCEPTABLE, desc = FOUND)
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = WOKEN)
    @Outcome(expect = FORBIDDEN, desc = LOST)
    @State
    public static class Message
    {
        private final Wire wire = new Wire();

        @Actor
        public void receiver(II_Result r)
        {
            Wire.require(!Waiter.announce(wire.childAlone, For.RECEIVE));
            r.r1 = Wire.receive(wire.child);
        }

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(8, 1));
        }

        @Arbiter
        public void after(II_Result r)
        {
            r.r2 = wire.bellOfParent.rang();
            wire.giveBack();
        }
    }

    /** The end of a direction for a receiver. */
    @JCStressTest
    @Outcome(id = "1, [01]", expect = ACCEPTABLE, desc = FOUND)
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = WOKEN)
    @Outcome(expect = FORBIDDEN, desc = LOST)
    @State
    public static class End
    {
        private final Wire wire = new Wire();

        @Actor
        public void receiver(II_Result r)
        {
            Waiter.announce(wire.childAlone, For.RECEIVE);
            r.r1 = Wire.number(wire.child.isEnded());
        }

        @Actor
        public void sender()
        {
            wire.parent.sendEnd();
        }

        @Arbiter
        public void after(II_Result r)
        {
            r.r2 = wire.bellOfParent.rang();
            wire.giveBack();
        }
    }

    /** Room for a sender. */
    @JCStressTest
    @Outcome(id = "1, [01]", expect = ACCEPTABLE, desc = FOUND)
    @Outcome(id = "0, 1", expect = ACCEPTABLE, desc = WOKEN)
    @Outcome(expect = FORBIDDEN, desc = LOST)
    @State
    public static class Room
    {
        private final Wire wire = new Wire().fill();

        @Actor
        public void sender(II_Result r)
        {
            Waiter.announce(wire.parentAlone, For.ROOM);
            r.r1 = Wire.number(wire.parent.trySend(new Filled(Wire.LARGEST, 1)) == Sent.SENT);
        }

        @Actor
        public void receiver()
        {
            wire.child.tryReceive(Seen.NOT_LOOKING);
        }

        @Arbiter
        public void after(II_Result r)
        {
            r.r2 = wire.bellOfChild.rang();
            wire.giveBack();
        }
    }

    /**
     * A receiver that was far behind, so that the sender may leave its fence out, has caught up. What is lost then must
     * be found by the look after a short sleep: only a receiver that knows of it (1 in the third place) may lose it.
     */
    @JCStressTest
    @Outcome(id = "1, [01], [01]", expect = ACCEPTABLE, desc = FOUND)
    @Outcome(id = "0, 1, [01]", expect = ACCEPTABLE, desc = WOKEN)
    @Outcome(id = "0, 0, 1", expect = ACCEPTABLE_INTERESTING,
        desc = "Not rung for, but the sleep ends by itself after 1 ms.")
    @Outcome(expect = FORBIDDEN, desc = LOST)
    @State
    public static class FarBehind
    {
        private final Wire wire = new Wire().stream();

        @Actor
        public void receiver(III_Result r)
        {
            Wire.pause();
            r.r1 = Wire.receive(wire.child);
            if (r.r1 == 0)
            {
                r.r3 = Wire.number(Waiter.announce(wire.childAlone, For.RECEIVE));
                r.r1 = Wire.receive(wire.child);
            }
        }

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(SEVERAL_LINES, 1));
        }

        @Arbiter
        public void after(III_Result r)
        {
            r.r2 = wire.bellOfParent.rang();
            wire.giveBack();
        }
    }

    /**
     * The same, but the first who was about to sleep does not: it is interrupted, or a wake-up for something else
     * comes at once. Whoever is next, here the same thread, has slept no millisecond either and must know of it.
     */
    @JCStressTest
    @Outcome(id = "1, [01], [01]", expect = ACCEPTABLE, desc = FOUND)
    @Outcome(id = "0, 1, [01]", expect = ACCEPTABLE, desc = WOKEN)
    @Outcome(id = "0, 0, 1", expect = ACCEPTABLE_INTERESTING,
        desc = "Not rung for, but the sleep ends by itself after 1 ms.")
    @Outcome(expect = FORBIDDEN, desc = LOST)
    @State
    public static class FarBehindWithoutSleep
    {
        private final Wire wire = new Wire().stream();

        @Actor
        public void receiver(III_Result r)
        {
            Wire.pause();
            r.r1 = Wire.receive(wire.child);
            if (r.r1 == 0)
            {
                Waiter.announce(wire.childAlone, For.RECEIVE);
                r.r3 = Wire.number(Waiter.announce(wire.childAlone, For.RECEIVE));
                r.r1 = Wire.receive(wire.child);
            }
        }

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(SEVERAL_LINES, 1));
        }

        @Arbiter
        public void after(III_Result r)
        {
            r.r2 = wire.bellOfParent.rang();
            wire.giveBack();
        }
    }
}
