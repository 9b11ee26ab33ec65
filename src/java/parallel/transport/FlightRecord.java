package parallel.transport;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a worker did last: records of fixed size in its pair file, the oldest overwritten first. A record is opened when
 * something begins and closed with its outcome. Written by the worker; read by anyone who maps the file, also when the
 * worker hangs, is stopped, or is dead: what is open then is what it was at. A reader never waits for the writer. It
 * leaves out a record that is being written at that moment.
 * <p>
 * The thread that evaluates has most of the records to itself and writes them without a lock. All other threads share
 * the rest under one. What is open is not overwritten.
 * <p>
 * Safe from any thread.
 */
public final class FlightRecord
{
    static
    {
        Agrona.open();
    }

    /** No record: closing it does nothing. */
    public static final int NONE = -1;
    /** The index of what has none. */
    public static final long NO_INDEX = -1;
    /** The outcome of what has not ended. */
    public static final int OPEN = 0;

    private static final int WAIT = 6;
    private static final int ENDED = 1;
    private static final long LEAST_WAIT_NANOS = 1_000_000;
    private static final int MOST_NAMES = 256;
    /** Of waits: there are few, and a thread that is to go on makes none of them again. */
    private static final Map<String, Name> NAMES = new ConcurrentHashMap<>();
    private static final int OUTCOMES = 4;
    private static final int LOOKS = 200;
    private static final int OUTCOME_SHIFT = 8;
    private static final int WRITER_SHIFT = 16;
    private static final int LENGTH_SHIFT = 24;
    private static final int BYTE = 0xff;
    private static final String CUT = "...";

    /**
     * A record as it was read.
     *
     * @param kind       as given to {@link #open}, 1 or more.
     * @param name       of what was done.
     * @param index      of the element, {@link #NO_INDEX} for none.
     * @param fromNs     when it began, of {@link System#nanoTime}.
     * @param toNs       when it ended; means nothing while it is open.
     * @param outcome    as given to {@link #close}, {@link #OPEN} for what has not ended.
     * @param evaluation whether the thread that evaluates wrote it.
     */
    public record Entry(
        int kind, String name, long index, long fromNs, long toNs, int outcome, boolean evaluation)
    {
    }

    /** A name as records have it: one line, cut to 32 bytes of UTF-8. */
    public static final class Name
    {
        private static final int WORDS = PairLayout.RECORD_NAME_BYTES / Long.BYTES;

        private final long[] words = new long[WORDS];
        private final int length;

        /**
         * The name that a text gives.
         *
         * @param text any; null is as empty.
         */
        public Name(String text)
        {
            byte[] utf8 = shortened(text == null ? "" : text).getBytes(StandardCharsets.UTF_8);
            byte[] bytes = new byte[PairLayout.RECORD_NAME_BYTES];
            length = Math.min(utf8.length, bytes.length);
            System.arraycopy(utf8, 0, bytes, 0, length);
            ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asLongBuffer().get(words);
        }

        private static String shortened(String text)
        {
            int most = PairLayout.RECORD_NAME_BYTES;
            String line = text.substring(0, Math.min(text.length(), 4 * most)).strip().replaceAll("\\s+", " ");
            byte[] utf8 = line.getBytes(StandardCharsets.UTF_8);
            return utf8.length <= most ? line :
                new String(utf8, 0, PageTexts.whole(utf8, most - CUT.length()), StandardCharsets.UTF_8) + CUT;
        }
    }

    /** The records of one writer, and which of them is next. */
    private static final class Ring
    {
        private final int first;
        private final int count;
        private final int writer;
        // Not in the memory that others map: they could write there. Made by the first who writes.
        private boolean[] open;
        private int next;

        Ring(int first, int count, int writer)
        {
            this.first = first;
            this.count = count;
            this.writer = writer;
        }

        int claim()
        {
            if (open == null)
            {
                open = new boolean[count];
            }
            for (int i = 0; i < count; i++)
            {
                int claimed = next;
                next = claimed + 1 == count ? 0 : claimed + 1;
                if (!open[claimed])
                {
                    return first + claimed;
                }
            }
            return NONE;
        }
    }

    private final Ring evaluation = new Ring(0, PairLayout.RECORDS_OF_EVALUATION, 1);
    private final Ring others = new Ring(PairLayout.RECORDS_OF_EVALUATION,
        PairLayout.RECORD_COUNT - PairLayout.RECORDS_OF_EVALUATION, 0);
    private UnsafeBuffer memory;
    private int base = PairLayout.RECORDS;
    private int count = PairLayout.RECORD_COUNT;
    private boolean frozen;
    private Thread evaluating;
    private boolean withoutLock;

    FlightRecord(UnsafeBuffer header)
    {
        this.memory = header;
    }

    /**
     * The record of a worker on another machine; nothing is written to it.
     *
     * @param copy       as {@link #copied} has given it there.
     * @param shiftNanos from that machine's {@link System#nanoTime} to this one's.
     */
    public FlightRecord(byte[] copy, long shiftNanos)
    {
        this.frozen = true;
        become(copy.clone());
        for (int record = 0; record < count; record++)
        {
            shift(record * PairLayout.RECORD_BYTES + PairLayout.RECORD_FROM, shiftNanos);
            shift(record * PairLayout.RECORD_BYTES + PairLayout.RECORD_TO, shiftNanos);
        }
    }

    private void shift(int at, long nanos)
    {
        memory.putLong(at, memory.getLong(at) + nanos);
    }

    /**
     * The calling thread is the one that evaluates.
     *
     * @param forGood whether this memory stays mapped as long as the process lives: its records then need no lock.
     */
    public synchronized void evaluates(boolean forGood)
    {
        withoutLock = forGood;
        evaluating = Thread.currentThread();
    }

    // ---- writing

    /**
     * Opens a record. What the calling thread opens it also closes.
     *
     * @param kind   1 to 255.
     * @param name   of what begins.
     * @param index  of the element, or {@link #NO_INDEX}.
     * @param fromNs when it began, of {@link System#nanoTime}.
     * @return the record, for {@link #close}; {@link #NONE} where none is free.
     */
    public int open(int kind, Name name, long index, long fromNs)
    {
        boolean mine = Thread.currentThread() == evaluating;
        if (mine && withoutLock)
        {
            return openIn(evaluation, kind, name, index, fromNs);
        }
        synchronized (this)
        {
            return frozen ? NONE : openIn(mine ? evaluation : others, kind, name, index, fromNs);
        }
    }

    /**
     * Closes a record.
     *
     * @param record  that {@link #open} returned to this thread; closed once.
     * @param outcome 1 to 3.
     * @param toNs    when it ended.
     */
    public void close(int record, int outcome, long toNs)
    {
        if (record == NONE)
        {
            return;
        }
        if (record < PairLayout.RECORDS_OF_EVALUATION && withoutLock)
        {
            closeIn(evaluation, record, outcome, toNs);
            return;
        }
        synchronized (this)
        {
            if (!frozen)
            {
                closeIn(record < PairLayout.RECORDS_OF_EVALUATION ? evaluation : others, record, outcome, toNs);
            }
        }
    }

    /**
     * Says that an open record is of another kind.
     *
     * @param record that {@link #open} returned to this thread.
     * @param kind   1 to 255.
     * @param index  of the element, or {@link #NO_INDEX}.
     */
    public void become(int record, int kind, long index)
    {
        if (record != NONE)
        {
            synchronized (this)
            {
                if (!frozen)
                {
                    int at = base + record * PairLayout.RECORD_BYTES;
                    int what = memory.getInt(at + PairLayout.RECORD_WHAT);
                    int lock = Seqlock.begin(memory, at + PairLayout.RECORD_LOCK);
                    memory.putInt(at + PairLayout.RECORD_WHAT, what & ~BYTE | kind);
                    memory.putLong(at + PairLayout.RECORD_INDEX, index);
                    Seqlock.end(memory, at + PairLayout.RECORD_LOCK, lock);
                }
            }
        }
    }

    /**
     * Adds what has begun and ended.
     *
     * @param kind    1 to 255.
     * @param name    of what was done.
     * @param fromNs  when it began, of {@link System#nanoTime}.
     * @param toNs    when it ended.
     * @param outcome 1 to 3.
     */
    public void add(int kind, Name name, long fromNs, long toNs, int outcome)
    {
        close(open(kind, name, NO_INDEX, fromNs), outcome, toNs);
    }

    /**
     * Adds a wait, of the kind 6, if it took 1 ms or more.
     *
     * @param name   what was waited for: one of few texts.
     * @param fromNs when it began, of {@link System#nanoTime}.
     * @param toNs   when it ended.
     */
    public void waited(String name, long fromNs, long toNs)
    {
        if (toNs - fromNs >= LEAST_WAIT_NANOS)
        {
            add(WAIT, name(name), fromNs, toNs, ENDED);
        }
    }

    private static Name name(String text)
    {
        Name name = NAMES.get(text);
        if (name == null)
        {
            name = new Name(text);
            if (NAMES.size() < MOST_NAMES)
            {
                NAMES.put(text, name);
            }
        }
        return name;
    }

    private int openIn(Ring ring, int kind, Name name, long index, long fromNs)
    {
        int record = ring.claim();
        if (record == NONE)
        {
            return NONE;
        }
        ring.open[record - ring.first] = true;
        int at = base + record * PairLayout.RECORD_BYTES;
        int lock = Seqlock.begin(memory, at + PairLayout.RECORD_LOCK);
        memory.putInt(at + PairLayout.RECORD_WHAT,
            kind | ring.writer << WRITER_SHIFT | name.length << LENGTH_SHIFT);
        memory.putLong(at + PairLayout.RECORD_INDEX, index);
        memory.putLong(at + PairLayout.RECORD_FROM, fromNs);
        memory.putLong(at + PairLayout.RECORD_TO, fromNs);
        for (int i = 0; i < Name.WORDS; i++)
        {
            memory.putLong(at + PairLayout.RECORD_NAME + i * Long.BYTES, name.words[i]);
        }
        Seqlock.end(memory, at + PairLayout.RECORD_LOCK, lock);
        return record;
    }

    private void closeIn(Ring ring, int record, int outcome, long toNs)
    {
        ring.open[record - ring.first] = false;
        int at = base + record * PairLayout.RECORD_BYTES;
        int what = memory.getInt(at + PairLayout.RECORD_WHAT);
        int lock = Seqlock.begin(memory, at + PairLayout.RECORD_LOCK);
        memory.putInt(at + PairLayout.RECORD_WHAT, what & ~(BYTE << OUTCOME_SHIFT) | outcome << OUTCOME_SHIFT);
        memory.putLong(at + PairLayout.RECORD_TO, toNs);
        Seqlock.end(memory, at + PairLayout.RECORD_LOCK, lock);
    }

    // ---- reading

    /**
     * What is recorded.
     *
     * @return a new list, in the order of the beginnings; each as it was written, as a whole.
     */
    public synchronized List<Entry> entries()
    {
        List<Entry> entries = new ArrayList<>();
        for (int record = 0; record < count; record++)
        {
            Entry entry = read(base + record * PairLayout.RECORD_BYTES, this::copy);
            if (entry != null)
            {
                entries.add(entry);
            }
        }
        entries.sort(Comparator.comparingLong(Entry::fromNs));
        return entries;
    }

    // What is copied of a record as it was written, as a whole; null: nothing.
    private <T> T read(int at, IntFunction<T> copying)
    {
        for (int look = 0; look < LOOKS; look++)
        {
            // Pairs with the release at the end of a write.
            int before = memory.getIntAcquire(at + PairLayout.RECORD_LOCK);
            if (before == 0)
            {
                return null;
            }
            T copied = copying.apply(at);
            // Pairs with the release fence in beginWrite: a byte of a later write comes with its odd number.
            VarHandle.acquireFence();
            if (before == memory.getIntOpaque(at + PairLayout.RECORD_LOCK) && (before & 1) == 0)
            {
                return copied;
            }
            Thread.onSpinWait();
        }
        return null;
    }

    private Entry copy(int at)
    {
        int what = memory.getInt(at + PairLayout.RECORD_WHAT);
        int length = Math.min(what >>> LENGTH_SHIFT, PairLayout.RECORD_NAME_BYTES);
        byte[] name = new byte[length];
        memory.getBytes(at + PairLayout.RECORD_NAME, name);
        return (what & BYTE) == 0 ? null : new Entry(what & BYTE, new String(name, StandardCharsets.UTF_8),
            memory.getLong(at + PairLayout.RECORD_INDEX), memory.getLong(at + PairLayout.RECORD_FROM),
            memory.getLong(at + PairLayout.RECORD_TO), (what >> OUTCOME_SHIFT & BYTE) % OUTCOMES,
            (what >> WRITER_SHIFT & BYTE) == 1);
    }

    // ---- the end

    /** Copies what is used to the heap, and needs the memory no more; nothing is written from now on. Idempotent. */
    public synchronized void freeze()
    {
        if (frozen)
        {
            return;
        }
        frozen = true;
        int used = 0;
        byte[] copy = new byte[usedRecords() * PairLayout.RECORD_BYTES];
        for (int record = 0; record < count && used < copy.length; record++)
        {
            int at = base + record * PairLayout.RECORD_BYTES;
            if (memory.getInt(at + PairLayout.RECORD_LOCK) != 0)
            {
                memory.getBytes(at, copy, used, PairLayout.RECORD_BYTES);
                used += PairLayout.RECORD_BYTES;
            }
        }
        become(copy);
    }

    /**
     * A copy, for a page on another machine.
     *
     * @return what is used, each record as it was written, as a whole.
     */
    public synchronized byte[] copied()
    {
        ByteBuffer copies = ByteBuffer.allocate(count * PairLayout.RECORD_BYTES);
        byte[] copy = new byte[PairLayout.RECORD_BYTES];
        for (int record = 0; record < count; record++)
        {
            if (read(base + record * PairLayout.RECORD_BYTES, at -> bytes(at, copy)) != null)
            {
                copies.put(copy);
            }
        }
        return Arrays.copyOf(copies.array(), copies.position());
    }

    private byte[] bytes(int at, byte[] copy)
    {
        memory.getBytes(at, copy);
        return copy;
    }

    private int usedRecords()
    {
        int used = 0;
        for (int record = 0; record < count; record++)
        {
            used += memory.getInt(base + record * PairLayout.RECORD_BYTES + PairLayout.RECORD_LOCK) == 0 ? 0 : 1;
        }
        return used;
    }

    // Keeps nothing.
    synchronized void drop()
    {
        if (!frozen)
        {
            frozen = true;
            become(new byte[0]);
        }
    }

    private void become(byte[] copy)
    {
        memory = new UnsafeBuffer(copy);
        base = 0;
        count = copy.length / PairLayout.RECORD_BYTES;
    }
}
