package parallel.transport;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * The fields of status and session pages that claim an order. Writer and reader have a page object each on the same
 * memory, as in two processes, so that the monitors of the objects order nothing.
 * <p>
 * Seen on x86: Exit fails when the code is stored after the note; Text and Slot fail when the lock's number is not
 * looked at again after the copy. Text also read some mixtures in a million while a reader gave up after 1000 looks: a
 * writer that has lost its core in the middle takes longer.
 */
public final class StatusStress
{
    private static final String BEFORE = "As before.";
    private static final String AFTER = "As after.";

    private StatusStress()
    {
    }

    private static StatusPage page(PairFile pair)
    {
        return new StatusPage(pair.header(), null);
    }

    /** Who sees that an exit was noted sees its code. */
    @JCStressTest
    @Outcome(id = "-1", expect = ACCEPTABLE, desc = "Not noted yet.")
    @Outcome(id = "137", expect = ACCEPTABLE, desc = "Noted, with its code.")
    @Outcome(expect = FORBIDDEN, desc = "Noted, without its code.")
    @State
    public static class Exit
    {
        private final PairFile pair = Pairs.take();
        private final StatusPage writer = page(pair);
        private final StatusPage reader = page(pair);

        @Actor
        public void write()
        {
            writer.exitNoted(137);
        }

        @Actor
        public void read(I_Result r)
        {
            r.r1 = reader.exitNoted().orElse(-1);
        }

        @Arbiter
        public void after()
        {
            Pairs.giveBack(pair);
        }
    }

    /** A record is read as it was opened or as it was closed, or not at all, never as a mixture. */
    @JCStressTest
    @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "Not opened yet, or just being written.")
    @Outcome(id = "7, 7", expect = ACCEPTABLE, desc = "Opened.")
    @Outcome(id = "7, 9", expect = ACCEPTABLE, desc = "Closed.")
    @Outcome(expect = FORBIDDEN, desc = "A mixture.")
    @State
    public static class Record
    {
        private static final FlightRecord.Name NAME = new FlightRecord.Name("name");

        private final PairFile pair = Pairs.take();
        private final FlightRecord writer = page(pair).record();
        private final FlightRecord reader = page(pair).record();

        @Actor
        public void write()
        {
            writer.close(writer.open(1, NAME, 7, 7), 1, 9);
        }

        @Actor
        public void read(II_Result r)
        {
            for (FlightRecord.Entry entry : reader.entries())
            {
                boolean whole = entry.index() == 7 && entry.name().equals("name") &&
                    entry.outcome() == (entry.toNs() == 9 ? 1 : FlightRecord.OPEN);
                r.r1 = whole ? (int)entry.fromNs() : -1;
                r.r2 = (int)entry.toNs();
            }
        }

        @Arbiter
        public void after()
        {
            Pairs.giveBack(pair);
        }
    }

    /** A text is read as before or as after, never as a mixture. */
    @JCStressTest
    @Outcome(id = "1", expect = ACCEPTABLE, desc = BEFORE)
    @Outcome(id = "2", expect = ACCEPTABLE, desc = AFTER)
    @Outcome(expect = FORBIDDEN, desc = "A mixture.")
    @State
    public static class Text
    {
        private static final String OLD = "a".repeat(300);
        private static final String NEW = "b".repeat(400);

        private final PairFile pair = Pairs.take();
        private final StatusPage writer = page(pair);
        private final StatusPage reader = page(pair);

        public Text()
        {
            writer.doing(OLD);
        }

        @Actor
        public void write()
        {
            writer.doing(NEW);
        }

        @Actor
        public void read(I_Result r)
        {
            String text = reader.doing();
            r.r1 = OLD.equals(text) ? 1 : NEW.equals(text) ? 2 : 0;
        }

        @Arbiter
        public void after()
        {
            Pairs.giveBack(pair);
        }
    }

    /** One page for all cases, mapped twice: a case has a slot of it. */
    private static final class Session
    {
        static final SessionPage ONE;
        static final SessionPage OTHER;

        static
        {
            try
            {
                ONE = SessionPage.create(Pairs.directory(), ProcessHandle.current().pid(), 1, 1);
                OTHER = SessionPage.attach(Path.of(ONE.handOn()));
            }
            catch (IOException e)
            {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** What a slot says belongs together. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = BEFORE)
    @Outcome(id = "2, 2", expect = ACCEPTABLE, desc = AFTER)
    @Outcome(expect = FORBIDDEN, desc = "A mixture, or no slot.")
    @State
    public static class Slot
    {
        private final int slot = Session.ONE.acquireSlot(1, 0, null, 0);

        public Slot()
        {
            Wire.require(slot >= 0);
            Session.ONE.slotPid(slot, 0, 1, 1);
        }

        @Actor
        public void write()
        {
            Session.ONE.slotPid(slot, 0, 2, 2);
        }

        @Actor
        public void read(II_Result r)
        {
            for (SessionPage.Slot seen : Session.OTHER.slots())
            {
                if (seen.index() == slot)
                {
                    r.r1 = (int)seen.pid();
                    r.r2 = (int)seen.pidStartMs();
                }
            }
        }

        @Arbiter
        public void after()
        {
            Session.ONE.releaseSlot(slot);
        }
    }

    /** Two processes never get the same slot, nor the same id. */
    @JCStressTest
    @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Two slots, two ids.")
    @Outcome(expect = FORBIDDEN, desc = "One for both.")
    @State
    public static class Acquire
    {
        private int slotOfOne;
        private int slotOfOther;
        private int idOfOne;
        private int idOfOther;

        @Actor
        public void one()
        {
            idOfOne = Session.ONE.nextId();
            slotOfOne = Session.ONE.acquireSlot(idOfOne, 0, null, 0);
        }

        @Actor
        public void other()
        {
            idOfOther = Session.OTHER.nextId();
            slotOfOther = Session.OTHER.acquireSlot(idOfOther, 0, null, 0);
        }

        @Arbiter
        public void after(II_Result r)
        {
            r.r1 = Wire.number(slotOfOne >= 0 && slotOfOther >= 0 && slotOfOne != slotOfOther);
            r.r2 = Wire.number(idOfOne != idOfOther);
            Session.ONE.releaseSlot(slotOfOne);
            Session.ONE.releaseSlot(slotOfOther);
        }
    }
}
