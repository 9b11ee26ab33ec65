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
    private UnsafeBuffer page;
    private boolean frozen;

    StatusPage(UnsafeBuffer header, MappedByteBuffer ownMapping)
    {
        this.page = header;
        this.ownMapping = ownMapping;
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
            final MappedByteBuffer memory = file.map(MapMode.READ_ONLY, 0, PairLayout.HEADER_BYTES);
            return new StatusPage(new UnsafeBuffer(memory), memory);
        }
    }

    /** Copies the page to the heap and goes on with the copy. Idempotent. */
    public synchronized void freeze()
    {
        if (!frozen)
        {
            frozen = true;
            final UnsafeBuffer copy = new UnsafeBuffer(new byte[PairLayout.HEADER_BYTES]);
            page.getBytes(0, copy, 0, PairLayout.HEADER_BYTES);
            page = copy;
        }
    }

    /** Freezes the page; one made by {@link #map} is unmapped. Idempotent. */
    @Override
    public synchronized void close()
    {
        if (!frozen)
        {
            freeze();
            BufferUtil.free(ownMapping);
        }
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
     * Sets the evaluation that runs.
     *
     * @param id its number, 0 none.
     */
    public void evaluationId(long id)
    {
        putLong(PairLayout.EVALUATION_OFFSET, id);
    }

    /**
     * The evaluation that runs.
     *
     * @return its number, 0 none.
     */
    public long evaluationId()
    {
        return getLong(PairLayout.EVALUATION_OFFSET);
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
        return getLong(PairLayout.sentOffset(PairLayout.UP));
    }

    /**
     * Bytes of the messages the worker has sent to its parent.
     *
     * @return how many.
     */
    public long bytesSent()
    {
        return getLong(PairLayout.sentOffset(PairLayout.UP) + 8);
    }

    /**
     * Bytes of the last message the worker has sent to its parent.
     *
     * @return how many, 0 before the first.
     */
    public long lastBytesSent()
    {
        return getLong(PairLayout.sentOffset(PairLayout.UP) + 16);
    }

    /**
     * Bytes of the last message the worker has received from its parent.
     *
     * @return how many, 0 before the first.
     */
    public long lastBytesReceived()
    {
        return getLong(PairLayout.receivedOffset(PairLayout.DOWN) + 16);
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
        return getLong(PairLayout.receivedOffset(PairLayout.DOWN));
    }

    /**
     * Bytes of the messages the worker has received from its parent.
     *
     * @return how many.
     */
    public long bytesReceived()
    {
        return getLong(PairLayout.receivedOffset(PairLayout.DOWN) + 8);
    }

    /**
     * Messages that wait for the worker: sent by the parent, not yet received.
     *
     * @return how many, never negative.
     */
    public long messagesQueued()
    {
        return Math.max(0, getLong(PairLayout.sentOffset(PairLayout.DOWN)) - messagesReceived());
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
        Texts.put(page, offset, limit, text == null ? null : text.getBytes(StandardCharsets.UTF_8));
    }

    private synchronized String getText(int offset, int limit)
    {
        return Texts.get(page, offset, limit);
    }
}
