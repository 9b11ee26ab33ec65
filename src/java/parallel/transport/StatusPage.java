package parallel.transport;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;

import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a worker tells about itself, in the pair file: written by the worker, read by anyone who maps the file, also
 * when the worker hangs, is stopped, or is dead. Waits for another process at most 20 ms, for the end of a text that is
 * just being written.
 * <p>
 * Safe from any thread. A value that is being written at the same moment is seen as before or after; a text whose
 * writer died in the middle is seen as far as it was written.
 */
public final class StatusPage implements AutoCloseable
{
    static
    {
        Agrona.open();
    }

    private final MappedByteBuffer ownMapping;
    private volatile FlightRecord record;
    private UnsafeBuffer page;
    private boolean frozen;

    StatusPage(UnsafeBuffer header, MappedByteBuffer ownMapping)
    {
        this.page = header;
        this.ownMapping = ownMapping;
        this.record = new FlightRecord(header);
    }

    /**
     * A read-only look at the page of another process's worker. Close it after use.
     *
     * @param handedOn what {@link PairFile#handOn()} returned there.
     * @return the page.
     * @throws IOException when it cannot be reached, or is no pair file of this version.
     */
    public static StatusPage map(Path handedOn) throws IOException
    {
        try (MappedFile file = MappedFile.attach(handedOn, "r"))
        {
            PairFile.check(file.open(), handedOn);
            MappedByteBuffer memory = file.map(MapMode.READ_ONLY, 0, PairLayout.HEADER_BYTES);
            return new StatusPage(new UnsafeBuffer(memory), memory);
        }
    }

    /** Copies the page to the heap, and what is used of its flight record; goes on with the copies. Idempotent. */
    public synchronized void freeze()
    {
        record.freeze();
        freezePage();
    }

    private void freezePage()
    {
        if (!frozen)
        {
            frozen = true;
            UnsafeBuffer copy = new UnsafeBuffer(new byte[PairLayout.PAGE_BYTES]);
            page.getBytes(0, copy, 0, PairLayout.PAGE_BYTES);
            page = copy;
        }
    }

    /**
     * Freezes the page without its flight record, which is empty from now on; one made by {@link #map} is unmapped.
     * Idempotent.
     */
    @Override
    public synchronized void close()
    {
        if (!frozen)
        {
            record.drop();
            freezePage();
            BufferUtil.free(ownMapping);
        }
    }

    /**
     * What the worker did last.
     *
     * @return the same one at each call, but for that of a worker on another machine; it outlives the mapping.
     */
    public FlightRecord record()
    {
        return record;
    }

    /**
     * From now on the record is that of a worker on another machine.
     *
     * @param copied from there.
     */
    public void record(FlightRecord copied)
    {
        record = copied;
    }

    /**
     * Sets the state.
     *
     * @param state 0 starting, 1 idle, 2 running, 3 receiving, 4 sending, 5 ended, 6 failed, 7 dead.
     */
    public void state(int state)
    {
        putInt(PairLayout.STATE_OFFSET, state);
    }

    /**
     * The state.
     *
     * @return as in {@link #state(int)}.
     */
    public int state()
    {
        return getInt(PairLayout.STATE_OFFSET);
    }

    /**
     * Sets what the worker evaluates.
     *
     * @param text null for nothing; cut to 8192 bytes of UTF-8, at least 2700 characters.
     */
    public void doing(String text)
    {
        putText(PairLayout.DOING_OFFSET, PairLayout.DOING_BYTES, text);
    }

    /**
     * What the worker evaluates.
     *
     * @return the text, null for nothing.
     */
    public String doing()
    {
        return getText(PairLayout.DOING_OFFSET, PairLayout.DOING_BYTES);
    }

    /**
     * Sets the last error.
     *
     * @param text null for none; cut to 2048 bytes of UTF-8.
     */
    public void lastError(String text)
    {
        putText(PairLayout.LAST_ERROR_OFFSET, PairLayout.LAST_ERROR_BYTES, text);
    }

    /**
     * The last error.
     *
     * @return the text, null for none.
     */
    public String lastError()
    {
        return getText(PairLayout.LAST_ERROR_OFFSET, PairLayout.LAST_ERROR_BYTES);
    }

    /**
     * Sets whom the worker waits for.
     *
     * @param id of a worker, 0 the root, -1 nobody.
     */
    public void blockedOn(int id)
    {
        putInt(PairLayout.BLOCKED_ON_OFFSET, id);
    }

    /**
     * Whom the worker waits for.
     *
     * @return an id, -1 nobody.
     */
    public int blockedOn()
    {
        return getInt(PairLayout.BLOCKED_ON_OFFSET);
    }

    /**
     * Sets the worker's pid.
     *
     * @param pid its process.
     */
    public void pid(long pid)
    {
        putLong(PairLayout.PID_OFFSET, pid);
    }

    /**
     * The worker's pid.
     *
     * @return 0 until it is known.
     */
    public long pid()
    {
        return getLong(PairLayout.PID_OFFSET);
    }

    /**
     * Sets when the worker started.
     *
     * @param ms since the epoch.
     */
    public void startedAtMs(long ms)
    {
        putLong(PairLayout.STARTED_AT_OFFSET, ms);
    }

    /**
     * When the worker started.
     *
     * @return ms since the epoch, 0 until it is known.
     */
    public long startedAtMs()
    {
        return getLong(PairLayout.STARTED_AT_OFFSET);
    }

    /**
     * Sets the heap in use.
     *
     * @param bytes used.
     */
    public void heapBytes(long bytes)
    {
        putLong(PairLayout.HEAP_BYTES_OFFSET, bytes);
    }

    /**
     * The heap in use.
     *
     * @return bytes.
     */
    public long heapBytes()
    {
        return getLong(PairLayout.HEAP_BYTES_OFFSET);
    }

    /**
     * Sets what was in use of the heap after its last collection.
     *
     * @param bytes used.
     */
    public void liveHeapBytes(long bytes)
    {
        putLong(PairLayout.LIVE_HEAP_BYTES_OFFSET, bytes);
    }

    /**
     * What was in use of the heap after its last collection.
     *
     * @return bytes, 0 where the worker does not watch its collections.
     */
    public long liveHeapBytes()
    {
        return getLong(PairLayout.LIVE_HEAP_BYTES_OFFSET);
    }

    /**
     * Sets how nice the worker was asked to be.
     *
     * @param nice 0 to 19.
     */
    public void nice(int nice)
    {
        putInt(PairLayout.NICE_OFFSET, nice + 1);
    }

    /**
     * How nice the worker was asked to be.
     *
     * @return empty where that means nothing, as for a thread.
     */
    public OptionalInt nice()
    {
        int known = getInt(PairLayout.NICE_OFFSET);
        return known == 0 ? OptionalInt.empty() : OptionalInt.of(known - 1);
    }

    /**
     * Sets which processors the worker was given.
     *
     * @param ranges such as {@code 0-3,8}; null for any; not kept beyond 2048 bytes.
     */
    public void processors(String ranges)
    {
        putText(PairLayout.PROCESSORS_OFFSET, PairLayout.PROCESSORS_BYTES,
            ranges == null || ranges.length() > PairLayout.PROCESSORS_BYTES ? null : ranges);
    }

    /**
     * Which processors the worker was given.
     *
     * @return such as {@code 0-3,8}; null for any.
     */
    public String processors()
    {
        return getText(PairLayout.PROCESSORS_OFFSET, PairLayout.PROCESSORS_BYTES);
    }

    /**
     * Notes that the worker exits by itself, which tells exit code 137 from a kill.
     *
     * @param code the exit code.
     */
    public synchronized void exitNoted(int code)
    {
        page.putInt(PairLayout.EXIT_CODE_OFFSET, code);
        // Pairs with the acquire in exitNoted: a reader that sees the note sees the code.
        page.putIntRelease(PairLayout.EXIT_NOTED_OFFSET, 1);
    }

    /**
     * The exit code that the worker noted.
     *
     * @return empty when it noted none.
     */
    public synchronized OptionalInt exitNoted()
    {
        return page.getIntAcquire(PairLayout.EXIT_NOTED_OFFSET) == 0 ?
            OptionalInt.empty() : OptionalInt.of(page.getInt(PairLayout.EXIT_CODE_OFFSET));
    }

    /**
     * Messages the worker has sent to its parent.
     *
     * @return how many.
     */
    public long messagesSent()
    {
        return getLong(sent());
    }

    /**
     * Bytes of the messages the worker has sent to its parent.
     *
     * @return how many.
     */
    public long bytesSent()
    {
        return getLong(sent() + 8);
    }

    /**
     * Bytes of the last message the worker has sent to its parent.
     *
     * @return how many, 0 before the first.
     */
    public long lastBytesSent()
    {
        return getLong(sent() + 16);
    }

    /**
     * Bytes of the last message the worker has received from its parent.
     *
     * @return how many, 0 before the first.
     */
    public long lastBytesReceived()
    {
        return getLong(received() + 16);
    }

    /**
     * Sets when the worker was seen to have sent its last message so far.
     *
     * @param ms since the epoch.
     */
    public void lastSentAtMs(long ms)
    {
        putLong(PairLayout.LAST_SENT_OFFSET, ms);
    }

    /**
     * When the worker was seen to have sent its last message, a second late at most.
     *
     * @return ms since the epoch, 0 until it is known.
     */
    public long lastSentAtMs()
    {
        return getLong(PairLayout.LAST_SENT_OFFSET);
    }

    /**
     * Sets when the worker was seen to have received its last message so far.
     *
     * @param ms since the epoch.
     */
    public void lastReceivedAtMs(long ms)
    {
        putLong(PairLayout.LAST_RECEIVED_OFFSET, ms);
    }

    /**
     * When the worker was seen to have received its last message, a second late at most.
     *
     * @return ms since the epoch, 0 until it is known.
     */
    public long lastReceivedAtMs()
    {
        return getLong(PairLayout.LAST_RECEIVED_OFFSET);
    }

    /**
     * Messages the worker has received from its parent.
     *
     * @return how many.
     */
    public long messagesReceived()
    {
        return getLong(received());
    }

    /**
     * Bytes of the messages the worker has received from its parent.
     *
     * @return how many.
     */
    public long bytesReceived()
    {
        return getLong(received() + 8);
    }

    /**
     * Messages that wait for the worker: sent by the parent, not yet received.
     *
     * @return how many, never negative.
     */
    public long messagesQueued()
    {
        return Math.max(0, messagesSentByParent() - messagesReceived());
    }

    /**
     * Messages that the parent has sent: those that are in the ring, in whole or in part, or were taken from it.
     *
     * @return how many, as this machine counts.
     */
    public long messagesSentByParent()
    {
        return getLong(PairLayout.sentOffset(PairLayout.DOWN));
    }

    /**
     * Bytes of the messages that wait for the worker.
     *
     * @return how many, never negative.
     */
    public long bytesQueued()
    {
        return Math.max(0, getLong(PairLayout.sentOffset(PairLayout.DOWN) + 8) - bytesReceived());
    }

    /**
     * Messages that wait for the parent: sent by the worker, not yet received.
     *
     * @return how many, never negative, as this machine counts.
     */
    public long messagesUnread()
    {
        return unread(0);
    }

    /**
     * Bytes of the messages that wait for the parent.
     *
     * @return how many, never negative, as this machine counts.
     */
    public long bytesUnread()
    {
        return unread(8);
    }

    private long unread(int of)
    {
        return Math.max(0, getLong(PairLayout.sentOffset(PairLayout.UP) + of) -
            getLong(PairLayout.receivedOffset(PairLayout.UP) + of));
    }

    /**
     * What a worker has sent to its parent, and received from it.
     *
     * @param sent              messages.
     * @param bytesSent         their bytes.
     * @param lastBytesSent     bytes of the last of them.
     * @param received          messages.
     * @param bytesReceived     their bytes.
     * @param lastBytesReceived bytes of the last of them.
     */
    public record Counts(
        long sent, long bytesSent, long lastBytesSent, long received, long bytesReceived, long lastBytesReceived)
    {
    }

    /**
     * What the worker has sent and received.
     *
     * @return the counts, each of them as its own method has it.
     */
    public Counts counts()
    {
        return new Counts(messagesSent(), bytesSent(), lastBytesSent(), messagesReceived(), bytesReceived(),
            lastBytesReceived());
    }

    /**
     * Sets what a worker counts whose rings are on another machine: what goes through these is still on its way.
     *
     * @param counts as the page there has them.
     */
    public synchronized void countedElsewhere(Counts counts)
    {
        putLong(PairLayout.SENT_ELSEWHERE_OFFSET, counts.sent);
        putLong(PairLayout.SENT_ELSEWHERE_OFFSET + 8, counts.bytesSent);
        putLong(PairLayout.SENT_ELSEWHERE_OFFSET + 16, counts.lastBytesSent);
        putLong(PairLayout.RECEIVED_ELSEWHERE_OFFSET, counts.received);
        putLong(PairLayout.RECEIVED_ELSEWHERE_OFFSET + 8, counts.bytesReceived);
        putLong(PairLayout.RECEIVED_ELSEWHERE_OFFSET + 16, counts.lastBytesReceived);
        putInt(PairLayout.COUNTED_ELSEWHERE_OFFSET, 1);
    }

    private int sent()
    {
        return isCountedElsewhere() ? PairLayout.SENT_ELSEWHERE_OFFSET : PairLayout.sentOffset(PairLayout.UP);
    }

    private int received()
    {
        return isCountedElsewhere() ? PairLayout.RECEIVED_ELSEWHERE_OFFSET :
            PairLayout.receivedOffset(PairLayout.DOWN);
    }

    private boolean isCountedElsewhere()
    {
        return getInt(PairLayout.COUNTED_ELSEWHERE_OFFSET) != 0;
    }

    private synchronized int getInt(int offset)
    {
        return page.getIntOpaque(offset);
    }

    private synchronized void putInt(int offset, int value)
    {
        page.putIntOpaque(offset, value);
    }

    private synchronized long getLong(int offset)
    {
        return page.getLongOpaque(offset);
    }

    private synchronized void putLong(int offset, long value)
    {
        page.putLongOpaque(offset, value);
    }

    private synchronized void putText(int offset, int limit, String text)
    {
        PageTexts.put(page, offset, limit, text == null ? null : text.getBytes(StandardCharsets.UTF_8));
    }

    private synchronized String getText(int offset, int limit)
    {
        return PageTexts.get(page, offset, limit);
    }
}
