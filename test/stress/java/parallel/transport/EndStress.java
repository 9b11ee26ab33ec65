package parallel.transport;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

import parallel.transport.MessageChannel.Sent;

/**
 * The end of a direction against what is sent before it and at the same time.
 * <p>
 * Seen on x86: when {@code Receiver.isAtEnd} does not compare the position, AfterMessage fails; when {@code
 * Sender.endIfWanted} does not wait for the message that is being sent, AgainstLongSend does.
 */
public final class EndStress
{
    private EndStress()
    {
    }

    /** Who sees the end has seen every message before it. */
    @JCStressTest
    @Outcome(id = "[01], 0", expect = ACCEPTABLE, desc = "The end is not reached yet.")
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "The message, then the end.")
    @Outcome(expect = FORBIDDEN, desc = "The end before the message.")
    @State
    public static class AfterMessage
    {
        private final Wire wire = new Wire();

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(8, 1));
            wire.parent.sendEnd();
        }

        @Actor
        public void receiver(II_Result r)
        {
            r.r1 = Wire.receive(wire.child);
            r.r2 = Wire.number(wire.child.isEnded());
        }

        @Arbiter
        public void after()
        {
            wire.giveBack();
        }
    }

    /** A send and the end at once: what was sent is received, then the end; what was refused is not. */
    @JCStressTest
    @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "Sent before the end.")
    @Outcome(id = "0, 0, 1", expect = ACCEPTABLE, desc = "Refused after the end.")
    @Outcome(expect = FORBIDDEN, desc = "A message is lost, or comes after the end, or the end is lost.")
    @State
    public static class AgainstSend
    {
        private final Wire wire = new Wire();

        @Actor
        public void sender(III_Result r)
        {
            r.r1 = Wire.number(wire.parent.trySend(new Filled(8, 1)) == Sent.SENT);
        }

        @Actor
        public void ender()
        {
            wire.parent.sendEnd();
        }

        @Arbiter
        public void after(III_Result r)
        {
            r.r2 = Wire.receive(wire.child);
            r.r3 = Wire.number(wire.child.isEnded());
            wire.giveBack();
        }
    }

    /** The end while a message is sent that is longer than the ring: it comes after all of that message. */
    @JCStressTest
    @Outcome(id = "1, 1, 1", expect = ACCEPTABLE, desc = "Sent before the end.")
    @Outcome(id = "0, 0, 1", expect = ACCEPTABLE, desc = "Refused after the end.")
    @Outcome(expect = FORBIDDEN, desc = "A part is lost, or comes after the end, or the end is lost.")
    @State
    public static class AgainstLongSend
    {
        private static final int LONG = 2 * PairLayout.MIN_RING_BYTES;
        private final Wire wire = new Wire();

        @Actor
        public void sender(III_Result r)
        {
            Outgoing message = new Outgoing(new Filled(LONG, 1));
            boolean early = false;
            while (!wire.parent.offer(message))
            {
                wire.child.drain();
                early |= wire.child.isEnded();
            }
            wire.parent.sender().withdraw(message);
            r.r1 = early ? -1 : Wire.number(message.result == Sent.SENT);
        }

        @Actor
        public void ender()
        {
            wire.parent.sendEnd();
        }

        @Arbiter
        public void after(III_Result r)
        {
            r.r2 = Wire.receive(wire.child);
            r.r3 = Wire.number(wire.child.isEnded());
            wire.giveBack();
        }
    }
}
