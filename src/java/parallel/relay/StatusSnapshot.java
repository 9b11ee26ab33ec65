package parallel.relay;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.OptionalInt;

import parallel.transport.StatusPage;

/**
 * What a worker's status page says at a moment, as bytes that are put into a page elsewhere.
 *
 * @param placed messages of its parent's that are in its ring, or were.
 */
record StatusSnapshot(
    int state, int blockedOn, long pid, long startedAtMs, long heapBytes, long liveHeapBytes, OptionalInt exitNoted,
    long lastSentAtMs, long lastReceivedAtMs, long placed, StatusPage.Counts counts, String lastError, String doing,
    OptionalInt nice, String processors)
{
    static StatusSnapshot of(StatusPage page)
    {
        return new StatusSnapshot(page.state(), page.blockedOn(), page.pid(), page.startedAtMs(), page.heapBytes(),
            page.liveHeapBytes(), page.exitNoted(), page.lastSentAtMs(), page.lastReceivedAtMs(),
            page.messagesReceived() + page.messagesQueued(), page.counts(), page.lastError(), page.doing(),
            page.nice(), page.processors());
    }

    void into(StatusPage page)
    {
        page.state(state);
        page.blockedOn(blockedOn);
        page.pid(pid);
        page.startedAtMs(startedAtMs);
        page.heapBytes(heapBytes);
        page.liveHeapBytes(liveHeapBytes);
        exitNoted.ifPresent(page::exitNoted);
        page.lastSentAtMs(lastSentAtMs);
        page.lastReceivedAtMs(lastReceivedAtMs);
        page.countedElsewhere(counts);
        page.lastError(lastError);
        page.doing(doing);
        nice.ifPresent(page::nice);
        page.processors(processors);
    }

    byte[] bytes()
    {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes))
        {
            out.writeInt(state);
            out.writeInt(blockedOn);
            out.writeLong(pid);
            out.writeLong(startedAtMs);
            out.writeLong(heapBytes);
            out.writeLong(liveHeapBytes);
            out.writeBoolean(exitNoted.isPresent());
            out.writeInt(exitNoted.orElse(0));
            out.writeLong(lastSentAtMs);
            out.writeLong(lastReceivedAtMs);
            out.writeLong(placed);
            write(out, counts);
            writeText(out, lastError);
            writeText(out, doing);
            out.writeInt(nice.orElse(-1));
            writeText(out, processors);
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    static StatusSnapshot read(byte[] bytes)
    {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes)))
        {
            int state = in.readInt();
            int blockedOn = in.readInt();
            long pid = in.readLong();
            long startedAtMs = in.readLong();
            long heapBytes = in.readLong();
            long liveHeapBytes = in.readLong();
            boolean isNoted = in.readBoolean();
            int code = in.readInt();
            return new StatusSnapshot(state, blockedOn, pid, startedAtMs, heapBytes, liveHeapBytes,
                isNoted ? OptionalInt.of(code) : OptionalInt.empty(), in.readLong(), in.readLong(), in.readLong(),
                readCounts(in), readText(in), readText(in), readNice(in), readText(in));
        }
        catch (IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(DataOutputStream out, StatusPage.Counts counts) throws IOException
    {
        out.writeLong(counts.sent());
        out.writeLong(counts.bytesSent());
        out.writeLong(counts.lastBytesSent());
        out.writeLong(counts.received());
        out.writeLong(counts.bytesReceived());
        out.writeLong(counts.lastBytesReceived());
    }

    private static StatusPage.Counts readCounts(DataInputStream in) throws IOException
    {
        return new StatusPage.Counts(in.readLong(), in.readLong(), in.readLong(), in.readLong(), in.readLong(),
            in.readLong());
    }

    private static OptionalInt readNice(DataInputStream in) throws IOException
    {
        int nice = in.readInt();
        return nice < 0 ? OptionalInt.empty() : OptionalInt.of(nice);
    }

    private static void writeText(DataOutputStream out, String text) throws IOException
    {
        out.writeBoolean(text != null);
        out.writeUTF(text == null ? "" : text);
    }

    private static String readText(DataInputStream in) throws IOException
    {
        boolean isThere = in.readBoolean();
        String text = in.readUTF();
        return isThere ? text : null;
    }
}
