package parallel.relay;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The jars that agents may ask for, in the link process. Each goes on a stream of its own: its sum and its length, then
 * its bytes. Safe from any thread.
 */
final class OfferedCode
{
    private final Map<String, Path> files = new ConcurrentHashMap<>();
    private final AtomicInteger next = new AtomicInteger();

    /** @param each sums and paths by turns. */
    void add(Object[] each)
    {
        for (int i = 0; i < each.length; i += 2)
        {
            files.put((String)each[i], Path.of((String)each[i + 1]));
        }
    }

    /**
     * Sends a jar; returns at once.
     *
     * @param sum of it.
     * @param to  the agent.
     * @return whether it was offered and is there.
     */
    boolean send(String sum, Streams to)
    {
        Path file = files.get(sum);
        if (file == null || !Files.isReadable(file))
        {
            return false;
        }
        int number = next.incrementAndGet();
        ByteBuffer head = ByteBuffer.allocate(Long.BYTES + sum.length());
        head.putLong(file.toFile().length()).put(sum.getBytes(StandardCharsets.US_ASCII));
        SentFile.send("parallel-code-" + number, file, head, Names.code(number), to);
        return true;
    }
}
