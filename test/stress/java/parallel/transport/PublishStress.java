package parallel.transport;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.agrona.BufferUtil;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * What was written before a commit is seen by who sees the record; what was read before a step of the head stays.
 * <p>
 * Seen on x86: with the commit before the copy in {@code RingWriter.fill}, Claimed and Fragments fail; with the step of
 * the head before the read in {@code Inbound.takeWhole}, Reuse does, in a tenth of the cases. The same in {@code
 * RingReader.readAhead} does not show: the copy is faster than the head is seen. That the stores are release stores
 * does not show on x86.
 */
public final class PublishStress
{
    private static final String NOT_YET = "The record is not visible yet.";
    private static final String WHOLE = "The message is whole.";
    private static final String TORN = "The record was seen before its bytes.";

    private PublishStress()
    {
    }

    /** A message without a payload. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = NOT_YET)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = WHOLE)
    @Outcome(expect = FORBIDDEN, desc = TORN)
    @State
    public static class Brief
    {
        private static final byte[] ONES = new Filled(64, 1).bytes();

        private final Wire wire = new Wire();

        @Actor
        public void sender()
        {
            wire.parent.sendBriefly(0x0101, 2, ONES, BufferUtil.ARRAY_BASE_OFFSET, ONES.length);
        }

        @Actor
        public void receiver(I_Result r)
        {
            r.r1 = Wire.receive(wire.child);
        }

        @Arbiter
        public void after()
        {
            wire.giveBack();
        }
    }

    /** A short message, which is written before it is claimed. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = NOT_YET)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = WHOLE)
    @Outcome(expect = FORBIDDEN, desc = TORN)
    @State
    public static class Small
    {
        private final Wire wire = new Wire();

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(200, 1));
        }

        @Actor
        public void receiver(I_Result r)
        {
            r.r1 = Wire.receive(wire.child);
        }

        @Arbiter
        public void after()
        {
            wire.giveBack();
        }
    }

    /** A message that is claimed, filled where it lies, and committed. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = NOT_YET)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = WHOLE)
    @Outcome(expect = FORBIDDEN, desc = TORN)
    @State
    public static class Claimed
    {
        private final Wire wire = new Wire();

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(Wire.LARGEST, 1));
        }

        @Actor
        public void receiver(I_Result r)
        {
            r.r1 = Wire.receive(wire.child);
        }

        @Arbiter
        public void after()
        {
            wire.giveBack();
        }
    }

    /** A message of several records. */
    @JCStressTest
    @Outcome(id = "0", expect = ACCEPTABLE, desc = NOT_YET)
    @Outcome(id = "1", expect = ACCEPTABLE, desc = WHOLE)
    @Outcome(expect = FORBIDDEN, desc = TORN)
    @State
    public static class Fragments
    {
        private final Wire wire = new Wire();

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(3 * Wire.LARGEST, 1));
        }

        @Actor
        public void receiver(I_Result r)
        {
            int seen = Wire.receive(wire.child);
            for (int i = 0; seen == 0 && i < 4; i++)
            {
                seen = Wire.receive(wire.child);
            }
            r.r1 = seen;
        }

        @Arbiter
        public void after()
        {
            wire.giveBack();
        }
    }

    /** Small messages in a row, which the reader copies out together. */
    @JCStressTest
    @Outcome(id = "-1, .*", expect = FORBIDDEN, desc = TORN)
    @Outcome(id = ".*, -1", expect = FORBIDDEN, desc = TORN)
    @Outcome(id = "[01], [01]", expect = ACCEPTABLE, desc = "Each is whole, or not there yet.")
    @State
    public static class Row
    {
        private final Wire wire = new Wire();

        public Row()
        {
            // Where the last look found a record, the next one looks further.
            wire.parent.trySend(new Filled(8, 1));
            Wire.require(Wire.receive(wire.child) == 1);
        }

        @Actor
        public void sender()
        {
            wire.parent.trySend(new Filled(100, 1));
            wire.parent.trySend(new Filled(100, 2));
        }

        @Actor
        public void receiver(II_Result r)
        {
            r.r1 = Wire.receive(wire.child);
            r.r2 = Wire.receive(wire.child);
        }

        @Arbiter
        public void after()
        {
            wire.giveBack();
        }
    }

    /** The sender writes over a message as soon as the head has passed it. */
    @JCStressTest
    @Outcome(id = "1, [01]", expect = ACCEPTABLE, desc = "The old message was read before its place was given away.")
    @Outcome(expect = FORBIDDEN, desc = "The place was given away too early.")
    @State
    public static class Reuse
    {
        /** Larger than what is left, so that it goes to the beginning of the ring. */
        private static final int NEXT = 512;
        private final Wire wire = new Wire().fill();

        public Reuse()
        {
            Wire.require(wire.parent.trySend(new Filled(NEXT - 8, 1)) == MessageChannel.Sent.SENT);
            Wire.require(wire.parent.trySend(new Filled(NEXT, 2)) == MessageChannel.Sent.NO_ROOM);
        }

        @Actor
        public void receiver(II_Result r)
        {
            r.r1 = Wire.receive(wire.child);
        }

        @Actor
        public void sender(II_Result r)
        {
            int sent = 0;
            for (int i = 0; sent == 0 && i < 20; i++)
            {
                sent = Wire.number(wire.parent.trySend(new Filled(NEXT, 2)) == MessageChannel.Sent.SENT);
            }
            r.r2 = sent;
        }

        @Arbiter
        public void after()
        {
            wire.giveBack();
        }
    }
}
