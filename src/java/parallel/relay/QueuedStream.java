package parallel.relay;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/** A stream that takes frames of any length at any time: what it has no room for waits here. Safe from any thread. */
final class QueuedStream
{
    private final Queue<byte[]> waiting = new ArrayDeque<>();
    private Stream stream;
    private boolean closing;

    /** What was sent before goes first. */
    synchronized void connect(Stream connected)
    {
        stream = connected;
        flush();
    }

    /** Never blocks. */
    synchronized void send(byte kind, long number, ByteBuffer... payload)
    {
        RelayFrames.cut(kind, number, List.of(payload), parts -> waiting.add(RelayFrames.joined(parts)));
        flush();
    }

    /** A frame as another stream has brought it. Never blocks. */
    synchronized void pass(byte[] frame)
    {
        waiting.add(frame);
        flush();
    }

    /** There may be room. */
    synchronized void flush()
    {
        while (stream != null && !waiting.isEmpty() && stream.offer(waiting.peek()))
        {
            waiting.remove();
        }
        if (closing && waiting.isEmpty())
        {
            close();
        }
    }

    synchronized void grant()
    {
        stream.grant();
    }

    /** Ends it when all that was sent has had room. Never blocks. */
    synchronized void closeAfterAll()
    {
        closing = true;
        flush();
    }

    /** Ends it after what was sent, as far as that has room now. Idempotent. */
    synchronized void close()
    {
        closing = false;
        flush();
        waiting.clear();
        if (stream != null)
        {
            stream.close();
        }
    }
}
